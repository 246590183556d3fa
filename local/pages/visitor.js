// The visitor's side. A tab keeps its visitor: the resume token stays in this tab's storage.
import { Sotto } from "/demo/sotto.js";
import { ThreadView, complain, config, onSend, showLive } from "/demo/talk.js";

const { app_key } = await config();
const view = new ThreadView("visitor");
let session = null;
let conversation = null;
// The first message begins the conversation; what is written meanwhile waits for it.
let beginning = null;

async function arrive() {
  const resume_token = sessionStorage.getItem("resume_token") ?? undefined;
  const context = {
    page_url: location.href,
    locale: navigator.language,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
  const answer = await fetch("/v1/widget/sessions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ app_key, resume_token, context }),
  });
  if (answer.ok) {
    session = await answer.json();
    sessionStorage.setItem("resume_token", session.resume_token);
  } else if (resume_token && answer.status < 500 && answer.status !== 429) {
    // A visitor that is gone (the stack forgot, or retention did) begins anew.
    sessionStorage.clear();
    if (conversation) leave();
    await arrive();
  } else {
    throw new Error("The team cannot be reached.");
  }
}

const sotto = new Sotto({
  api: location.origin,
  token: async (renew) => {
    if (renew || !session) await arrive();
    return session.session_token;
  },
  on: (happening) => {
    const { type, id } = happening;
    if (type === "changed" && !conversation) void follow(id);
    if (type === "gone" && id === conversation) leave();
    if (type === "messages" || type === "pending") show();
    if (type === "typing" && happening.who.type === "member") view.typing("The team", happening.until);
    if (type === "live") showLive(happening.live);
    if (type === "problem") complain(happening.error.message);
  },
});

async function follow(id) {
  conversation = id;
  await sotto.open(id).catch((error) => complain(error.message));
  show();
}

// A flow that the page was opened with begins the conversation. The client asks, as it does for all else: a page
// that arrived a second time would be another visitor, whose conversation this one may not see.
async function begin(flow) {
  const begun = await sotto.call("POST", `/flows/${encodeURIComponent(flow)}/conversations`, { client_id: crypto.randomUUID() })
    .catch(() => { throw new Error("This flow is not there any more."); });
  await follow(begun.conversation_id);
}

// What the flow offers to choose from, as buttons; a choice is a message that names its option.
let offeredAt = 0;
let asked = 0;
async function offer() {
  const list = document.getElementById("choices");
  const newest = sotto.messages(conversation).at(-1)?.seq ?? 0;
  if (newest === offeredAt) return;
  const mine = ++asked;
  const at = `/conversations/${conversation}`;
  const { awaits } = await sotto.call("GET", `${at}/flow`);
  // Something newer was asked for meanwhile, or the conversation was left.
  if (mine !== asked) return;
  offeredAt = newest;
  const buttons = (awaits?.options ?? []).map(({ id, label }) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    // The same choice again is the same message.
    const message = { client_message_id: crypto.randomUUID(), text: label, choice: [id] };
    button.addEventListener("click", async () => {
      const enable = (on) => buttons.forEach((one) => (one.disabled = !on));
      enable(false);
      try {
        await sotto.call("POST", `${at}/messages`, message);
        complain("");
        buttons.forEach((one) => one.remove());
      } catch (error) {
        complain(`Not sent: ${error.message}`);
        enable(true);
      }
    });
    return button;
  });
  list.replaceChildren(...buttons);
}

function leave() {
  document.getElementById("choices").replaceChildren();
  offeredAt = 0;
  asked += 1;
  sotto.close(conversation);
  conversation = null;
  beginning = null;
  view.clear();
}

function show() {
  if (!conversation) return;
  view.show(sotto.messages(conversation), sotto.pending);
  offer().catch(() => {});
  if (!document.hidden) sotto.markRead(conversation).catch(() => {});
}

onSend(
  async (text) => {
    if (conversation) return sotto.send(conversation, text);
    if (beginning) return beginning.then(() => sotto.send(conversation, text));
    beginning = sotto.begin(text).then((begun) => follow(begun.conversation.id));
    return beginning.finally(() => (beginning = null));
  },
  (typing) => conversation && sotto.typing(conversation, typing),
);
document.addEventListener("visibilitychange", show);

showLive(false);
sotto.start();
const flow = new URLSearchParams(location.search).get("flow");
if (flow) begin(flow).catch((error) => complain(error.message));
