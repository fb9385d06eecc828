"""Signing in by django-allauth: what it asks of this site, and what it does without mail."""

import logging
from typing import Any

from allauth.account import views as allauth_views
from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from recommendations.middleware import address_of, guests_of, signed_in_as
from recommendations.models.merging import take_along
from recommendations.models.prediction import HOME
from recommendations.pipeline import requests

logger = logging.getLogger(__name__)

NOT_SENT = "The mail could not be sent. Try again later, or ask whoever runs this site."


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    def login(self, request: HttpRequest, user: User) -> None:
        """Sign in, and take along what was done as a guest: both or neither."""
        with transaction.atomic():
            viewer, merged = take_along(user, guests_of(request))
            super().login(request, user)
            signed_in_as(request, viewer)
            if merged.changed_taste and viewer.ratings.exists():
                requests.ensure(viewer, HOME)
        if told := str(merged):
            messages.success(request, told)

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request)

    def is_ajax(self, request: HttpRequest) -> bool:
        """Pages only: allauth would answer some headers with JSON."""
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")


class PasswordReset(allauth_views.PasswordResetView):  # type: ignore[misc]
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.EMAIL_URL:
            return render(request, "account/no_mail.html")
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            response: HttpResponse = super().form_valid(form)
        except OSError:  # as all errors of smtplib are
            logger.exception("A mail for a new password could not be sent.")
            form.add_error(None, NOT_SENT)
            response = self.form_invalid(form)
        return response


class PasswordResetDone(allauth_views.PasswordResetDoneView):  # type: ignore[misc]
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.EMAIL_URL:
            raise Http404("This site sends no mail.")
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response
