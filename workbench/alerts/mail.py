"""One alert as an e-mail, through the firm's own mail server."""

import smtplib
import ssl
from email.message import EmailMessage
from typing import TYPE_CHECKING

from workbench.errors import AccessError, OutageError, RejectedError, RemoteError

if TYPE_CHECKING:
    from workbench.settings import Settings, Smtp
    from workbench.store.state.alerts import KeptAlert

TIMEOUT_S = 10.0
"""For each step of the talk; a slower server is tried again later."""


def send(alert: "KeptAlert", settings: "Settings") -> None:
    """Mail one alert to all recipients; those that are refused beside others are passed over.

    Raises:
        RemoteError: the server was not reached, or took it for nobody.
    """
    smtp, password = settings.alerts.smtp, settings.smtp_password
    assert smtp is not None
    try:
        with _connected(smtp) as server:
            if smtp.username is not None:
                server.login(smtp.username, password.get_secret_value() if password else "")
            server.send_message(message(alert, smtp))
    except (OSError, smtplib.SMTPException) as error:
        # The library's texts repeat what was sent: they are not passed on.
        raise _explained(error, smtp.host) from None


def message(alert: "KeptAlert", smtp: "Smtp") -> EmailMessage:
    """The e-mail: what happened as its subject, what to do in its body."""
    mail = EmailMessage()
    mail["From"] = smtp.sender
    mail["To"] = ", ".join(smtp.recipients)
    mail["Subject"] = " ".join(f"Workbench: {alert.job} {alert.state}".split())
    run = f"Run {alert.run_id}" if alert.run_id else ""
    lines = [alert.text, alert.hint or "", f"{alert.at:%Y-%m-%d %H:%M} UTC", run]
    mail.set_content("\n\n".join(filter(None, lines)))
    return mail


def _connected(smtp: "Smtp") -> smtplib.SMTP:
    context = ssl.create_default_context()
    if smtp.security == "tls":
        return smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=TIMEOUT_S, context=context)
    server = smtplib.SMTP(smtp.host, smtp.port, timeout=TIMEOUT_S)
    if smtp.security == "starttls":
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server


def _explained(error: Exception, host: str) -> RemoteError:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return AccessError(f"The mail server {host} refused the login ({error.smtp_code})")
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return RejectedError(f"The mail server {host} refused every recipient")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return RejectedError(f"The mail server {host} does not offer what alerts.smtp asks for")
    if isinstance(error, smtplib.SMTPResponseException):
        return RejectedError(f"The mail server {host} answered {error.smtp_code}")
    if isinstance(error, ssl.SSLCertVerificationError):
        return OutageError(
            f"The mail server {host} could not prove who it is: {error.verify_message}"
        )
    if isinstance(error, ssl.SSLError):
        return OutageError(f"The mail server {host} could not prove who it is")
    return OutageError(f"The mail server {host} could not be reached")
