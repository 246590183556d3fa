"""The part of the tour of `fences.py` that a browser makes: every page, and every form on them."""

import http.client
import time
import urllib.parse

from program import mailed, mails, totp


class Browser:
    """Opens pages and sends their forms; holds the one cookie."""

    def __init__(self, base):
        self.url = urllib.parse.urlsplit(base)
        self.cookie = None

    def _send(self, method, path, fields, expect):
        headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
        if self.cookie:
            headers["cookie"] = self.cookie
        body = None
        if fields is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
            body = urllib.parse.urlencode(fields)
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=30)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        assert answer.status == expect, f"{method} {path}: {answer.status} instead of {expect}: {text[-500:]}"
        cookie = answer.getheader("set-cookie")
        if cookie:
            assert cookie.startswith("__Host-sid="), f"{method} {path} sets {cookie}"
            self.cookie = None if "Max-Age=0" in cookie else cookie.split(";")[0]
        return answer.getheader("location")

    def open(self, path, expect=200):
        return self._send("GET", path, None, expect)

    def submit(self, path, expect=303, **fields):
        return self._send("POST", path, fields, expect)


def sign_in(browser, mailbox, page, address, **more):
    """Types the code that the form of `page` mails; returns where that leads."""
    browser.open(page)
    old = len(mails(mailbox))
    path = browser.submit(page, email=address, **more)
    browser.open(path)
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))
    code = mailed(mailbox, address, r"^(\d{8})$", after=old)
    wrong = f"{(int(code) + 1) % 10**8:08}"
    browser.submit("/verify", expect=401, code=wrong, **query)
    return browser.submit("/verify", code=code, **query)


def tour_of_the_settings(browser, mailbox):
    """Everything about an account but what the tour of the API does to the same rows."""
    for page in ("prove", "address", "password", "factor", "preferences", "keep"):
        browser.open(f"/account?page={page}")
    browser.submit("/account", act="save_preferences", rev="0", theme="dark", time_zone="Europe/Berlin")
    browser.submit("/account", act="ask_address", email="someone@fence.example")
    browser.submit("/account", expect=200, act="begin_factor")
    browser.submit("/account", expect=401, act="confirm_factor", code="000000")
    path = browser.submit("/account", act="ask_keep", email="nobody@fence.example")
    browser.open(path)
    browser.open("/account/delete")


def tour_of_the_pages(api, mailbox, workspace, token):
    invited = {"email": "cleo@fence.example", "role": "viewer"}
    api("POST", f"{workspace}/invitations", invited, token)
    invitation = mailed(mailbox, "cleo@fence.example", r"^(iv_\S+)$")
    browser = Browser(api.url)
    browser.open(f"/accept?token={invitation}")
    path = sign_in(browser, mailbox, "/sign-up", "cleo@fence.example", invitation=invitation, adult="true")
    browser.open(path)
    browser.submit("/accept", expect=200, token=invitation, name="Cleo")
    browser.open("/account")
    tour_of_the_settings(browser, mailbox)
    browser.submit("/account", act="sign_out")
    old = len(mails(mailbox))
    challenge = api("POST", "/v1/auth/otp", {"email": "cleo@fence.example"})["challenge_id"]
    code = mailed(mailbox, "cleo@fence.example", r"^(\d{8})$", after=old)
    answer = {"challenge_id": challenge, "code": code}
    token = api("POST", "/v1/auth/otp/verify", answer)["access_token"]
    secret = api("POST", "/v1/account/totp", token=token)["secret"]
    step = int(time.time()) // 30
    api("POST", "/v1/account/totp/confirm", {"code": totp(secret, step - 1)}, token)
    path = sign_in(browser, mailbox, "/sign-in", "cleo@fence.example")
    browser.open(path)
    challenge = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)["challenge"][0]
    browser.submit("/confirm", expect=401, challenge=challenge, code=totp(secret, step + 9))
    browser.submit("/confirm", challenge=challenge, code=totp(secret, step))
    browser.open("/account")
    ended = api("GET", "/v1/auth/sessions", token=token)["data"]
    ended = next(session["id"] for session in ended if session["current"])
    browser.submit("/account", act="end_session", session=ended)
    browser.submit("/account", act="sign_out")
    browser.open("/forgot")
    old = len(mails(mailbox))
    browser.open(browser.submit("/forgot", email="cleo@fence.example"))
    reset = mailed(mailbox, "cleo@fence.example", r"^(rs_\S+)$", after=old)
    browser.open(f"/reset?token={reset}")
    browser.submit("/reset", expect=422, token=reset, password="short")
    browser.submit("/reset", expect=200, token=reset, password="vexing umbrella 9")
    # The account goes by the button of a page, and its last page leads to how it is kept.
    path = browser.submit("/sign-in", email="cleo@fence.example", password="vexing umbrella 9")
    challenge = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)["challenge"][0]
    browser.submit("/confirm", challenge=challenge, code=totp(secret, max(int(time.time()) // 30, step + 1)))
    browser.submit("/account/delete", expect=200, act="delete")
    old = len(mails(mailbox))
    path = browser.submit("/account", act="ask_keep", email="cleo@fence.example")
    challenge = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)["challenge"][0]
    code = mailed(mailbox, "cleo@fence.example", r"^(\d{8})$", after=old)
    browser.submit("/account", act="keep", challenge=challenge, code=code)
