"""A Django project's mail settings and one EmailMessage; prints the composed message in base64."""
import base64
import json
import sys

from django.conf import settings
from django.core.mail import EmailMessage

task = json.load(sys.stdin)
settings.configure(
    EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
    EMAIL_HOST=task["host"],
    EMAIL_PORT=task["port"],
    EMAIL_HOST_USER=task["username"],
    EMAIL_HOST_PASSWORD=task["password"],
    EMAIL_USE_TLS=bool(task["caFile"]),
    EMAIL_TIMEOUT=20,
)
email = EmailMessage(
    subject="Größe",
    body="Your order is confirmed: Größe, 山田.\n.\nA line after a dot.\n",
    from_email=task["from"],
    to=task["to"][:1],
    bcc=task["to"][1:],
)
if email.send() != 1:
    sys.exit("not sent")
composed = email.message().as_bytes(linesep="\r\n")
print(base64.b64encode(composed).decode())
