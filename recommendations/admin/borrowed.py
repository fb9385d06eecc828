"""What Django-Q2 and allauth show here, kept to whoever may change it."""

from allauth.account.admin import EmailAddressAdmin
from django_q.admin import resubmit_task

for action in (resubmit_task, EmailAddressAdmin.make_verified):
    action.allowed_permissions = ["change"]
