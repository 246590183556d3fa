// The team's side: conversations on the left, the chosen one on the right.
import { Sotto } from "/demo/sotto.js";
import { ThreadView, complain, config, onSend, showLive, timeOf } from "/demo/talk.js";

const demo = await config();
const names = new Map();
const view = new ThreadView("member");
let chosen = null;
// Until the member picks a conversation or begins to write, the page follows the newest one.
let picked = false;
let listing = false;
let stale = false;

const sotto = new Sotto({
  api: location.origin,
  workspace: demo.workspace_id,
  // An access token lives ten minutes, and this page may ask its own stack for the next.
  token: async (renew) => (renew ? await config() : demo).member_token,
  on: (happening) => {
    const { type, id } = happening;
    if (type === "changed" || type === "gone") void showList();
    if (type === "gone" && id === chosen) leave();
    if ((type === "messages" || type === "pending") && id === chosen) showThread();
    if (type === "typing" && id === chosen && happening.who.type === "visitor") view.typing("The visitor", happening.until);
    if (type === "live") showLive(happening.live);
    if (type === "problem") complain(happening.error.message);
  },
});

function choose(id) {
  if (id === chosen) return;
  if (chosen) sotto.close(chosen);
  chosen = id;
  view.clear();
  document.getElementById("send").hidden = false;
  sotto.open(id).then(showThread, (error) => complain(error.message));
  void showList();
}

function leave() {
  chosen = null;
  picked = false;
  view.clear();
  document.getElementById("send").hidden = true;
}

function showThread() {
  if (!chosen) return;
  view.show(sotto.messages(chosen), sotto.pending.filter(({ conversation }) => conversation === chosen));
  if (!document.hidden) sotto.markRead(chosen).catch(() => {});
}

async function nameOf(contact) {
  if (!names.has(contact)) {
    const { name } = await sotto.call("GET", `/contacts/${contact}`);
    names.set(contact, name ?? `Visitor ${contact.slice(-4)}`);
  }
  return names.get(contact);
}

async function entry(conversation) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.id = conversation.id;
  button.setAttribute("aria-current", String(conversation.id === chosen));
  const name = document.createElement("span");
  name.textContent = await nameOf(conversation.contact_id);
  button.append(name);
  if (conversation.unread > 0) {
    const badge = document.createElement("span");
    badge.className = "badge";
    badge.textContent = conversation.unread;
    badge.setAttribute("aria-label", `${conversation.unread} unread`);
    button.append(badge);
  }
  const time = document.createElement("time");
  time.dateTime = conversation.last_activity_at;
  time.textContent = timeOf(conversation.last_activity_at);
  button.append(time);
  button.addEventListener("click", () => {
    picked = true;
    choose(conversation.id);
  });
  const item = document.createElement("li");
  item.append(button);
  return item;
}

// A list is read from the API, never put together from what is heard; many changes cost one read.
async function showList() {
  stale = true;
  if (listing) return;
  listing = true;
  while (stale) {
    stale = false;
    try {
      const { data } = await sotto.call("GET", "/conversations?limit=50");
      const items = await Promise.all(data.map(entry));
      const list = document.getElementById("list");
      const focused = document.activeElement?.dataset?.id;
      list.replaceChildren(...items);
      if (focused) list.querySelector(`[data-id="${focused}"]`)?.focus();
      if (!picked && data.length > 0) choose(data[0].id);
    } catch (error) {
      complain(error.message);
    }
  }
  listing = false;
}

onSend(
  (text) => {
    const note = document.getElementById("note");
    const kind = note.checked ? "note" : "text";
    note.checked = false;
    return sotto.send(chosen, text, kind).catch((error) => {
      // What comes back into the field is still a note: nobody may send it to the visitor by mistake.
      if (document.getElementById("text").value === "") note.checked = kind === "note";
      throw error;
    });
  },
  (typing) => chosen && sotto.typing(chosen, typing),
);

document.getElementById("send").addEventListener("input", () => {
  picked = true;
});
document.addEventListener("visibilitychange", showThread);

showLive(false);
sotto.start();
void showList();
