"""An app on Python's smtplib, sending a file's bytes as they are."""
import json
import smtplib
import ssl
import sys

task = json.load(sys.stdin)
with open(task["file"], "rb") as file:
    message = file.read()
with smtplib.SMTP(task["host"], task["port"], timeout=20) as smtp:
    if task["caFile"]:
        smtp.starttls(context=ssl.create_default_context(cafile=task["caFile"]))
    smtp.login(task["username"], task["password"])
    refused = smtp.sendmail(task["from"], task["to"], message, mail_options=["BODY=8BITMIME"])
sys.exit(f"refused: {refused}" if refused else 0)
