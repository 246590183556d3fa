// What the demo's pages share: the stack's ids, a thread on the page, and the form under it.

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// Ids and the member's token; waits until the demo workspace is there.
export async function config() {
  for (;;) {
    const answer = await fetch("/demo/config.json");
    if (answer.ok) return answer.json();
    await pause(1000);
  }
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
export const timeOf = (instant) => clock.format(new Date(instant));

// Puts the state of an open conversation on the page. `me` is "visitor" or "member".
export class ThreadView {
  #log = document.getElementById("log");
  #empty = document.getElementById("empty");
  #typing = document.getElementById("typing");
  #items = new Map();
  #quiet = 0;

  constructor(me) {
    this.me = me;
  }

  clear() {
    this.#items.clear();
    this.show([], []);
  }

  // A message stands under its number; it is drawn again when its `rev` changed.
  show(messages, pending) {
    const items = messages.flatMap((message) => {
      const key = `${message.seq} ${message.rev}`;
      const item = this.#items.get(key) ?? this.#draw(message);
      if (item) this.#items.set(key, item);
      return item ?? [];
    });
    items.push(...pending.map((message) => this.#drawPending(message)));
    const last = this.#log.lastElementChild;
    this.#log.replaceChildren(...items);
    this.#log.hidden = items.length === 0;
    this.#empty.hidden = items.length > 0;
    const now = this.#log.lastElementChild;
    if (now && now !== last) now.scrollIntoView({ block: "end" });
  }

  // Until the server's word runs out, or the next frame.
  typing(who, until) {
    clearTimeout(this.#quiet);
    const left = Date.parse(until) - Date.now();
    this.#typing.textContent = left > 0 ? `${who} is typing …` : "";
    if (left > 0) this.#quiet = setTimeout(() => (this.#typing.textContent = ""), left);
  }

  #draw(message) {
    // A visitor sees of a note only that its number is taken.
    if (message.kind === "internal") return null;
    if (message.kind === "system") return line("system", wordsOf(message), "");
    const mine = message.author.type === this.me;
    const who = mine ? "You" : message.author.type === "visitor" ? "Visitor" : "Team";
    const note = message.kind === "note" ? " · internal note" : "";
    const edited = message.edited_at ? " · edited" : "";
    const text = message.text ?? "This message was deleted.";
    const item = line(mine ? "mine" : "theirs", text, `${who} · ${timeOf(message.sent_at)}${note}${edited}`);
    item.classList.toggle("note", message.kind === "note");
    return item;
  }

  #drawPending({ kind, text }) {
    const item = line("mine", text, "Sending …");
    item.classList.toggle("note", kind === "note");
    return item;
  }
}

const wordsOf = ({ event, sent_at }) => `${(event ?? "changed").replaceAll("_", " ")} · ${timeOf(sent_at)}`;

function line(kind, words, foot) {
  const item = document.createElement("li");
  item.className = kind;
  const text = document.createElement("p");
  text.textContent = words;
  item.append(text);
  if (foot) {
    const small = document.createElement("small");
    small.textContent = foot;
    item.append(small);
  }
  return item;
}

// Wires the form. `send` may be called while the network is gone: the client keeps what is unsent. What the API
// refuses comes back into the field, unless something else is written there by now.
export function onSend(send, typing) {
  const form = document.getElementById("send");
  const field = document.getElementById("text");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    field.focus();
    complain("");
    typing(false);
    send(text).catch((error) => {
      field.value ||= text;
      complain(`Not sent: ${error.message}`);
    });
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  field.addEventListener("input", () => typing(field.value !== ""));
}

export function complain(words) {
  document.getElementById("problem").textContent = words;
}

// Whether changes arrive by themselves or are asked for.
export function showLive(live) {
  document.getElementById("live").textContent = live ? "live" : "asking every few seconds";
}
