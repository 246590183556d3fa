"use strict";
(() => {
  const form = document.getElementById("passkey");
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  const ask = () => {
    const publicKey = JSON.parse(form.dataset.options);
    publicKey.challenge = bytes(publicKey.challenge);
    for (const one of publicKey.excludeCredentials || publicKey.allowCredentials || []) {
      one.id = bytes(one.id);
    }
    if (!publicKey.user) return navigator.credentials.get({ publicKey });
    publicKey.user.id = bytes(publicKey.user.id);
    return navigator.credentials.create({ publicKey });
  };
  const told = (made) => {
    const given = made.response;
    const response = { clientDataJSON: text(given.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (given[name] && !(name === "authenticatorData" && given.attestationObject)) {
        response[name] = text(given[name]);
      }
    }
    if (given.getTransports) response.transports = given.getTransports();
    const { id, type, authenticatorAttachment } = made;
    const clientExtensionResults = made.getClientExtensionResults();
    const rawId = text(made.rawId);
    return { id, rawId, type, authenticatorAttachment, clientExtensionResults, response };
  };
  document.getElementById("go").addEventListener("click", async () => {
    const failed = document.getElementById("failed");
    failed.hidden = true;
    try {
      form.elements.credential.value = JSON.stringify(told(await ask()));
    } catch {
      failed.hidden = false;
      return;
    }
    form.submit();
  });
})();
