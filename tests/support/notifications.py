"""Notifications that tests configure."""

from typing import Any

MAIL: dict[str, Any] = {
    "name": "mail",
    "channel": "email",
    "template": {"subject": "Code {{ otp }}", "text": "Your code is {{ otp }}."},
}
TEXT: dict[str, Any] = {"name": "text", "channel": "sms", "template": {"text": "{{ otp }} is your code"}}
PHONE: dict[str, Any] = {
    "name": "phone",
    "channel": "push",
    "template": {"title": "Login", "body": "{{ otp }}", "data": {"otp": "{{ otp }}"}},
}
INBOX: dict[str, Any] = {"name": "inbox", "channel": "app", "template": {"title": "Login", "body": "{{ otp }}"}}
SAM = [{"type": "email", "value": "sam@example.com"}]
