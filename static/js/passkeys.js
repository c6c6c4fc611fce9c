// Passkeys: a form with data-passkey ("get" or "create") asks the browser before it is sent, with the
// options of the URL in data-options. It is hidden where there are no scripts or no passkeys.

const decode = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
const encode = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const described = (list) => (list ?? []).map((one) => ({ ...one, id: decode(one.id) }));

const FAILED = {
  NotAllowedError: "That did not work, or took too long. Please try again.",
  InvalidStateError: "This device has a passkey for this account already.",
  SecurityError: "Passkeys do not work at this address of the site.",
};

async function ask(form) {
  const token = form.elements.namedItem("csrfmiddlewaretoken").value;
  const response = await fetch(form.dataset.options, {
    method: "POST",
    headers: { "X-CSRFToken": token },
  });
  if (!response.ok) throw new Error("The page is out of date. Please load it again.");
  const options = await response.json();
  options.challenge = decode(options.challenge);
  if (form.dataset.passkey === "create") {
    options.user.id = decode(options.user.id);
    options.excludeCredentials = described(options.excludeCredentials);
    return answerOf(await navigator.credentials.create({ publicKey: options }));
  }
  options.allowCredentials = described(options.allowCredentials);
  return answerOf(await navigator.credentials.get({ publicKey: options }));
}

function answerOf(credential) {
  const { response } = credential;
  const answer = { clientDataJSON: encode(response.clientDataJSON) };
  if (response.attestationObject) {
    answer.attestationObject = encode(response.attestationObject);
    answer.transports = response.getTransports?.() ?? [];
  } else {
    answer.authenticatorData = encode(response.authenticatorData);
    answer.signature = encode(response.signature);
    if (response.userHandle) answer.userHandle = encode(response.userHandle);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    response: answer,
    clientExtensionResults: {},
  });
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("[data-passkey-button]");
    const error = form.querySelector("[data-passkey-error]");
    form.hidden = false;
    if (button) button.hidden = false;
    form.addEventListener("submit", async (event) => {
      // A form that also takes a code asks for the passkey by the button for it only.
      if (form.dataset.answered || (button && event.submitter !== button)) return;
      event.preventDefault();
      // A second question would end the first one.
      if (form.dataset.asking) return;
      form.dataset.asking = "true";
      error.hidden = true;
      try {
        form.elements.namedItem("passkey_answer").value = await ask(form);
        form.dataset.answered = "true";
        form.submit();
      } catch (problem) {
        error.textContent = FAILED[problem.name] ?? problem.message;
        error.hidden = false;
      } finally {
        delete form.dataset.asking;
      }
    });
  }
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-passkey]")) delete form.dataset.answered;
  });
}
