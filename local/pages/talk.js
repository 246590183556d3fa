// What both sides of the demo share: calling the API, and a thread that keeps itself current.

const POLL_MS = 1000;

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// Ids and the member's token; waits until the demo workspace is there.
export async function config() {
  for (;;) {
    const answer = await fetch("/demo/config.json");
    if (answer.ok) return answer.json();
    await pause(POLL_MS);
  }
}

// A call that failed, with the problem's own words.
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.title ?? body.message ?? `status ${status}`);
    this.status = status;
    this.code = body.code;
  }
}

export async function call(method, path, token, body) {
  const headers = {};
  if (token) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const answer = await fetch(path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  const parsed = text ? JSON.parse(text) : {};
  if (!answer.ok) throw new Problem(answer.status, parsed);
  return parsed;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
export const timeOf = (instant) => clock.format(new Date(instant));

// A thread on the page. `list(query)` reads messages, `me` is "visitor" or "member".
export class Thread {
  #log = document.getElementById("log");
  #empty = document.getElementById("empty");
  #head = 0;

  constructor(me, list) {
    this.me = me;
    this.list = list;
  }

  get head() {
    return this.#head;
  }

  clear() {
    this.#head = 0;
    this.#log.replaceChildren();
    this.#log.hidden = true;
    this.#empty.hidden = false;
  }

  // Reads what came after the last message shown. Only `seq` decides what is new: the same
  // message read twice is shown once.
  async update() {
    const { list } = this;
    for (let more = true; more; ) {
      const page = await list(`after_seq=${this.#head}&limit=100`);
      if (this.list !== list) return;
      const fresh = page.data.filter((message) => message.seq > this.#head);
      fresh.forEach((message) => this.#show(message));
      more = fresh.length > 0 && this.#head < page.head_seq;
    }
  }

  #show(message) {
    this.#head = message.seq;
    // A visitor sees of a note only that its number is taken.
    if (message.kind === "internal") return;
    this.#log.hidden = false;
    this.#empty.hidden = true;
    const mine = message.author.type === this.me;
    const item = document.createElement("li");
    item.classList.toggle("mine", mine);
    item.classList.toggle("note", message.kind === "note");
    const text = document.createElement("p");
    text.textContent = message.text;
    const foot = document.createElement("small");
    const who = mine ? "You" : message.author.type === "visitor" ? "Visitor" : "Team";
    const note = message.kind === "note" ? " · internal note" : "";
    foot.textContent = `${who} · ${timeOf(message.sent_at)}${note}`;
    item.append(text, foot);
    this.#log.append(item);
    item.scrollIntoView({ block: "end" });
  }
}

// Wires the form. `send(text, id)` delivers; a retry after a failure keeps the id, so that a
// message whose answer was lost is not sent twice.
export function onSend(send) {
  const form = document.getElementById("send");
  const field = document.getElementById("text");
  const problem = document.getElementById("problem");
  const button = form.querySelector("button");
  let pending = null;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || button.disabled) return;
    if (pending?.text !== text) pending = { text, id: crypto.randomUUID() };
    button.disabled = true;
    problem.textContent = "";
    try {
      await send(text, pending.id);
      pending = null;
      field.value = "";
    } catch (error) {
      problem.textContent = `Not sent: ${error.message}`;
    }
    button.disabled = false;
    field.focus();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
}

// Repeats `step` each second; a failure is shown once and tried again.
export async function forever(step) {
  const problem = document.getElementById("problem");
  for (let failing = false; ; ) {
    try {
      await step();
      if (failing) problem.textContent = "";
      failing = false;
    } catch (error) {
      problem.textContent = `Trying again: ${error.message}`;
      failing = true;
    }
    await pause(POLL_MS);
  }
}
