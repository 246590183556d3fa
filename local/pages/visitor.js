// The visitor's side. A tab keeps its visitor: the resume token stays in this tab's storage.
import { Thread, call, config, forever, onSend } from "/demo/talk.js";

const { app_key } = await config();
let token = null;
let conversation = sessionStorage.getItem("conversation");

async function startSession() {
  const resume_token = sessionStorage.getItem("resume_token") ?? undefined;
  const context = {
    page_url: location.href,
    locale: navigator.language,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
  try {
    const session = await call("POST", "/v1/widget/sessions", null, { app_key, resume_token, context });
    token = session.session_token;
    sessionStorage.setItem("resume_token", session.resume_token);
  } catch (error) {
    // A visitor that is gone (the stack forgot, or retention did) begins anew.
    if (!resume_token || error.status >= 500) throw error;
    sessionStorage.clear();
    conversation = null;
    thread.clear();
    await startSession();
  }
}

// One call; a session that ended is resumed once.
async function ask(method, path, body) {
  if (!token) await startSession();
  try {
    return await call(method, path, token, body);
  } catch (error) {
    if (error.status !== 401) throw error;
    token = null;
    await startSession();
    return call(method, path, token, body);
  }
}

const messages = () => `/v1/widget/conversations/${conversation}/messages`;
const thread = new Thread("visitor", (query) => ask("GET", `${messages()}?${query}`));

onSend(async (text, client_message_id) => {
  const message = { client_message_id, text };
  if (conversation) {
    await ask("POST", messages(), message);
  } else {
    const started = await ask("POST", "/v1/widget/conversations", { first_message: message });
    conversation = started.conversation.id;
    sessionStorage.setItem("conversation", conversation);
  }
});

await forever(async () => {
  if (conversation) await thread.update();
});
