"""Who may vouch for a server: the certificate authorities that this system trusts, and what is said when none does.

``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name others in their place. There is no way to switch the check off. Nothing is
read before the first connection that needs it.
"""

from __future__ import annotations

import functools
import os
import ssl

from api_client.errors import Unreachable, plain

_NOT_YET, _EXPIRED = 9, 10  # X509_V_ERR_…, of OpenSSL
_UNKNOWN = (2, 18, 19, 20, 21)  # no issuer, self-signed, self-signed in the chain, no local issuer, no first one
_OTHER_NAME = (62, 64)  # host name, address
_PORTAL = "the certificate is not valid: open a browser, this network may want you to sign in"


def context() -> ssl.SSLContext:
    """What checks the certificates of servers. Raises `OSError` when SSL_CERT_FILE or SSL_CERT_DIR cannot be used."""
    return _context(os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", ""))


@functools.lru_cache(maxsize=2)  # one for all connections of a process
def _context(file: str, folder: str) -> ssl.SSLContext:
    if file or folder:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def refusal(origin: str, error: ssl.SSLCertVerificationError) -> Unreachable:
    """A certificate that was not taken, in words that say what to do."""
    code = error.verify_code
    if code in (_EXPIRED, _NOT_YET):
        when = "has expired" if code == _EXPIRED else "is not valid yet"
        return Unreachable(
            f"The certificate of {origin} {when}",
            "Look at the clock of this machine; if it is right, those who run the server have to renew it. "
            "Nothing was sent.",
            brief=f"the server's certificate {when}",
        )
    if code in _OTHER_NAME:
        return Unreachable(
            f"The certificate at {origin} is that of another server",
            "A captive portal or the wrong address looks like this. Nothing was sent.",
            brief=_PORTAL,
        )
    if code in _UNKNOWN:
        return Unreachable(
            f"Nobody whom this system trusts vouches for the certificate of {origin}",
            "A captive portal or the wrong address looks like this. If an authority of your own signs it, add that to "
            "the system's, or set SSL_CERT_FILE to its file. Nothing was sent.",
            brief=_PORTAL,
        )
    return Unreachable(
        f"The certificate of {origin} is not valid ({plain(error.verify_message)})",
        "A captive portal or the wrong address looks like this. Nothing was sent.",
        brief=_PORTAL,
    )
