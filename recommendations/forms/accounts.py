"""Forms of signing in and of the account page."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm, SignupForm
from allauth.account.models import EmailAddress
from allauth.account.utils import filter_users_by_email
from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

LONGEST_EMAIL = User._meta.get_field("email").max_length

FOR_SIGNING_IN = "To sign in with."
FOR_PASSWORDS = "To sign in with, and for a link to a new password."
# What is shown, and no password.
WRONG_PASSWORD = "This is not your password."  # noqa: S105


class SignInForm(LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "User name or e-mail"
        self.fields["login"].widget.attrs["autocomplete"] = "username"
        self.fields["password"].help_text = ""
        without_placeholders(self)


class SignUpForm(SignupForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "User name"
        self.fields["email"].label = "E-mail (optional)"
        self.fields["email"].help_text = what_e_mail_is_for()
        without_placeholders(self)


def what_e_mail_is_for() -> str:
    return FOR_PASSWORDS if settings.EMAIL_URL else FOR_SIGNING_IN


def without_placeholders(form: forms.Form) -> None:
    """Labels say what to write, and stay while it is written."""
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)


class PasswordForm(forms.Form):
    """Asks for the account's password again, as often as a failed sign-in may be repeated."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not get_adapter().reauthenticate(self.user, password):
            raise forms.ValidationError(WRONG_PASSWORD)
        return password


class EmailForm(PasswordForm):
    email = forms.EmailField(
        label="E-mail",
        required=False,
        max_length=LONGEST_EMAIL,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    field_order = ["email", "password"]

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, initial={"email": user.email}, **kwargs)
        self.fields["email"].help_text = f"{what_e_mail_is_for()} Leave it empty to have none."

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if email and any(user != self.user for user in filter_users_by_email(email)):
            raise get_adapter().validation_error("email_taken")
        return email

    @transaction.atomic
    def save(self) -> None:
        """One address or none, in both places where allauth looks for it."""
        self.user.email = self.cleaned_data["email"]
        self.user.save(update_fields=["email"])
        EmailAddress.objects.filter(user=self.user).delete()
        if self.user.email:
            EmailAddress.objects.create(user=self.user, email=self.user.email, primary=True)
