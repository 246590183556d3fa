// The team's side: conversations on the left, the chosen one on the right.
import { Thread, call, config, forever, onSend, timeOf } from "/demo/talk.js";

let demo = await config();
const team = `/v1/workspaces/${demo.workspace_id}`;
const names = new Map();
let chosen = null;
let read = 0;
// Until the member picks a conversation or begins to write, the page follows the newest one.
let picked = false;

// One call; an access token lives ten minutes, and this page may ask its own stack for the next.
async function ask(method, path, body) {
  try {
    return await call(method, path, demo.member_token, body);
  } catch (error) {
    if (error.status !== 401) throw error;
    demo = await config();
    return call(method, path, demo.member_token, body);
  }
}

const messages = (id) => `${team}/conversations/${id}/messages`;
const thread = new Thread("member", null);

function choose(id) {
  if (id === chosen) return;
  chosen = id;
  read = 0;
  thread.clear();
  thread.list = (query) => ask("GET", `${messages(id)}?${query}`);
  document.getElementById("send").hidden = false;
  step().catch(() => {});
}

async function nameOf(contact) {
  if (!names.has(contact)) {
    const { name } = await ask("GET", `${team}/contacts/${contact}`);
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

async function showList() {
  const { data } = await ask("GET", `${team}/conversations?limit=50`);
  const items = await Promise.all(data.map(entry));
  const list = document.getElementById("list");
  const markup = items.map((item) => item.innerHTML).join();
  if (list.dataset.markup === markup) return data;
  const focused = document.activeElement?.dataset?.id;
  list.dataset.markup = markup;
  list.replaceChildren(...items);
  if (focused) list.querySelector(`[data-id="${focused}"]`)?.focus();
  return data;
}

async function step() {
  const data = await showList();
  if (!picked && data.length > 0) choose(data[0].id);
  if (!chosen) return;
  await thread.update();
  if (thread.head > read && !document.hidden) {
    const seq = thread.head;
    await ask("PUT", `${team}/conversations/${chosen}/read`, { seq });
    read = seq;
  }
}

onSend(async (text, client_message_id) => {
  const kind = document.getElementById("note").checked ? "note" : "text";
  await ask("POST", messages(chosen), { client_message_id, kind, text });
  document.getElementById("note").checked = false;
});

document.getElementById("send").addEventListener("input", () => {
  picked = true;
});

await forever(step);
