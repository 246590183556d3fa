// Sotto's reference client, for members and for visitors, in browsers and elsewhere.
// README.md beside this file has the rules that it follows, for clients in other languages.
//
// One idea: HTTP carries everything and every call may be repeated, `/sync` says what changed, and
// the socket only shortens the wait. A client that loses every frame converges all the same.

/** A conversation as its reader sees it; `GET …/conversations/{id}` has all fields. */
export interface Conversation { id: string; seq: number; rev: number; unread: number; status: string; [field: string]: unknown }
/** A message, or the place of one that is not for the reader: `{seq, kind: "internal"}`. */
export interface Message {
  seq: number; kind: string; id?: string; client_message_id?: string; text?: string | null; rev?: number;
  author?: { type: string; id: string | null }; sent_at?: string; expires_at?: string | null;
  /** In a line of the system: the earlier message that was edited, deleted or redacted. */
  subject_seq?: number;
  /** The earlier message that it answers. */
  reply_to_seq?: number;
  [field: string]: unknown;
}
/** A message that has not been acknowledged yet. */
export interface Pending { conversation: string; client_message_id: string; kind: string; text: string }
/** What the client tells: something changed or went, messages or pending ones differ, and so on. */
export type Happening =
  | { type: "changed" | "gone" | "messages" | "pending"; id: string }
  | { type: "typing"; id: string; who: { type: string; id: string }; until: string }
  | { type: "presence"; member: string; online: boolean }
  | { type: "live"; live: boolean }
  | { type: "problem"; error: unknown };

export interface Options {
  /** The base URL of the API, such as `https://api.example.com`. */
  api: string;
  /** A member's workspace; absent for a visitor, whose token names it. */
  workspace?: string;
  /** The bearer token; with `renew`, another one, because the last was refused. */
  token: (renew: boolean) => Promise<string>;
  on?: (happening: Happening) => void;
  fetch?: typeof fetch;
  /** `null` means polling only. */
  WebSocket?: typeof WebSocket | null;
  timing?: Partial<typeof TIMING>;
}

/** Milliseconds. Every wait gets jitter, so that clients which lost one server do not return as one. */
const TIMING = {
  answer_ms: 30_000, // longest wait for an answer
  retry_ms: 500, retry_most_ms: 30_000, // first and longest step of the backoff
  poll_ms: 3_000, quiet_ms: 30_000, // between two syncs: without, with a socket
  tick_ms: 5_000, ping_ms: 240_000, // the socket's housekeeping; the edge cuts after 10 idle minutes
  drain_ms: 30_000, // within which a drained socket is replaced
  typing_ms: 3_000, // between two typing frames
};
const PAGE = 100;
/** Pings without any frame in return after which a socket counts as dead. */
const UNANSWERED = 3;

/** An answer that will not get better by asking again. */
export class Problem extends Error {
  constructor(readonly status: number, readonly code: string, detail: string) { super(detail); }
}

/** A conversation that is open: its head, and its messages from the oldest loaded one on. */
class Thread {
  head?: Conversation;
  messages: Message[] = [];
  read = 0;
  work: Promise<unknown> = Promise.resolve();
  last(): number { return this.messages.at(-1)?.seq ?? 0; }

  /** The same message twice is one; a changed one replaces what was here. Returns what is new. */
  merge(page: Message[]): boolean {
    const all = new Map(this.messages.map((message) => [message.seq, message]));
    const news = page.filter(({ seq, rev = 0 }) => rev > (all.get(seq)?.rev ?? -1));
    for (const message of news) all.set(message.seq, message);
    const sorted = [...all.values()].sort((a, b) => a.seq - b.seq);
    // Numbers have no gaps: whatever lies before a hole has expired, and the hole with it.
    const hole = sorted.findLastIndex(({ seq }, at) => at > 0 && seq !== sorted[at - 1].seq + 1);
    this.messages = hole > 0 ? sorted.slice(hole) : sorted;
    return news.length > 0;
  }
}

export class Sotto {
  /** Whether a socket is open. */
  live = false;
  /** What there is, with the newest `rev` heard of. Lists are read from the API when this changes. */
  readonly known = new Map<string, { rev: number; seq: number }>();
  /** What waits for its acknowledgement, oldest first. */
  pending: Pending[] = [];

  #options: Options;
  #timing: typeof TIMING;
  #base: string;
  #threads = new Map<string, Thread>();
  #queues = new Map<string, Promise<unknown>>();
  #running = false;
  #cursor?: string;
  #listed?: Set<string>; // what a listing of everything has shown so far
  #bearer?: Promise<string>;
  #refused = false; // whether the last token was
  #sleepers = new Map<() => void, "patient" | "hasty">();
  #socket?: WebSocket;
  #retired?: WebSocket;
  #topics = new Set<string>();
  #typed = 0;

  constructor(options: Options) {
    this.#options = options;
    this.#timing = { ...TIMING, ...options.timing };
    this.#base = options.workspace ? `/v1/workspaces/${options.workspace}` : "/v1/widget";
  }

  /** Begins to follow what happens. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    globalThis.addEventListener?.("online", this.wake);
    void this.#follow();
    if (this.#Socket) void this.#keepSocket();
  }

  /** Ends everything; unsent messages are rejected. */
  stop(): void {
    this.#running = false;
    globalThis.removeEventListener?.("online", this.wake);
    for (const awake of [...this.#sleepers.keys()]) awake();
    this.#socket?.close();
    this.#retired?.close();
  }

  /** Cuts every wait short but those that the server asked for. */
  wake = (): void => {
    for (const [awake, manner] of [...this.#sleepers]) if (manner === "hasty") awake();
  };

  /** Any call of the API; `path` follows `/v1/workspaces/{workspace}` or `/v1/widget`. Waits and
   *  repeats until there is an answer: every call that the API has is safe to repeat. */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    let renewed = false;
    for (let failures = 0; ; failures += 1) {
      if (!this.#running) throw new Problem(0, "stopped", "the client was stopped");
      let wait: number | undefined;
      try {
        const bearer = (this.#bearer ??= this.#options.token(this.#refused));
        // A token that could not be had is asked for again.
        const token = await bearer.catch((error) => { this.#bearer = undefined; throw error; });
        const answer = await this.#fetch(method, path, token, body);
        const text = await answer.text(); // may break off as well
        this.#refused = answer.status === 401;
        if (answer.ok) return (text ? JSON.parse(text) : undefined) as T;
        const problem = problemOf(answer.status, text);
        if (this.#refused && !renewed) {
          renewed = true;
          if (this.#bearer === bearer) this.#bearer = undefined;
          continue;
        }
        if (answer.status < 500 && ![408, 425, 429].includes(answer.status)) throw problem;
        wait = Number(answer.headers.get("retry-after") ?? NaN) * 1000;
      } catch (error) {
        if (error instanceof Problem) throw error;
      }
      await this.#backOff(failures, wait);
    }
  }

  #fetch(method: string, path: string, token: string, body?: unknown): Promise<Response> {
    const headers: Record<string, string> = { authorization: `Bearer ${token}` };
    if (body !== undefined) headers["content-type"] = "application/json";
    const signal = AbortSignal.timeout(this.#timing.answer_ms);
    const ask = this.#options.fetch ?? globalThis.fetch.bind(globalThis);
    return ask(this.#options.api + this.#base + path, { method, headers, signal, body: JSON.stringify(body) });
  }

  /**
   * Sends in order, as often as it takes: the same id is the same message, so it stands there once. It may answer an
   * earlier message of the conversation, by its number.
   */
  send(id: string, text: string, kind: "text" | "note" = "text", reply_to_seq?: number): Promise<Message> {
    const pending = { conversation: id, client_message_id: crypto.randomUUID(), kind, text };
    this.pending.push(pending);
    this.#tell({ type: "pending", id });
    const body = { client_message_id: pending.client_message_id, text, reply_to_seq, ...(this.#options.workspace && { kind }) };
    const sent = (this.#queues.get(id) ?? Promise.resolve())
      .then(() => this.call<Message>("POST", `/conversations/${id}/messages`, body))
      .finally(() => {
        this.pending = this.pending.filter((other) => other !== pending);
        this.#tell({ type: "pending", id });
      });
    this.#queues.set(id, sent.catch(() => {}));
    void sent.then((message) => {
      const thread = this.#threads.get(id);
      if (!thread) return;
      // Only the next number may be put in place; otherwise others wrote meanwhile.
      if (message.seq !== thread.last() + 1) return this.#refresh(id);
      thread.merge([message]);
      this.#tell({ type: "messages", id });
    }).catch(() => {});
    return sent;
  }

  /** Begins a conversation; a member says with whom. */
  begin(text: string, contact_id?: string): Promise<{ conversation: Conversation; message: Message }> {
    const first_message = { client_message_id: crypto.randomUUID(), text };
    return this.call("POST", "/conversations", contact_id ? { contact_id, first_message } : { first_message });
  }

  /** Loads the newest messages of a conversation and keeps them current until `close`. */
  async open(id: string): Promise<void> {
    if (!this.#threads.has(id)) this.#threads.set(id, new Thread());
    this.#subscribe();
    await this.#refresh(id, Infinity);
  }

  close(id: string): void {
    this.#threads.delete(id);
    if (this.#topics.delete(id)) this.#frame({ t: "unsub", topic: id });
  }

  /** Loads one more page of older messages; whether there may be more. */
  async earlier(id: string): Promise<boolean> {
    const thread = this.#threads.get(id);
    const first = thread?.messages[0]?.seq ?? 0;
    if (!thread || first <= 1) return false;
    let more = false;
    await this.#queue(thread, async () => {
      const { data } = await this.#page(id, `before_seq=${first}`);
      if (thread.merge(data)) this.#tell({ type: "messages", id });
      more = data.length > 0 && data[0].seq > 1;
    });
    return more;
  }

  head(id: string): Conversation | undefined { return this.#threads.get(id)?.head; }

  /** What is loaded, in order, without what has expired since. */
  messages(id: string): Message[] {
    const now = Date.now();
    const all = this.#threads.get(id)?.messages ?? [];
    return all.filter(({ expires_at }) => !expires_at || Date.parse(expires_at) > now);
  }

  /** Notes how far the reader has read. A watermark: late and repeated calls do not move it back. */
  async markRead(id: string, seq = this.#threads.get(id)?.last() ?? 0): Promise<void> {
    const thread = this.#threads.get(id);
    if (!thread || seq <= thread.read) return;
    thread.read = seq;
    await this.#queue(thread, async () => {
      if (seq < thread.read) return; // a later one waits behind this one
      const { unread } = await this.call<{ unread: number }>("PUT", `/conversations/${id}/read`, { seq });
      if (thread.head) thread.head = { ...thread.head, unread };
      this.#tell({ type: "changed", id });
    });
  }

  /** Says that somebody types; nothing happens without a socket. */
  typing(id: string, typing: boolean): void {
    if (typing && Date.now() - this.#typed < this.#timing.typing_ms) return;
    this.#typed = typing ? Date.now() : 0;
    this.#frame({ t: "typing", cnv: id, typing });
  }

  // ---- Following: what changed, and what it now is.

  async #follow(): Promise<void> {
    while (this.#running) {
      await this.#sync().catch((error) => this.#complain(error));
      await this.#pause(this.live ? this.#timing.quiet_ms : this.#timing.poll_ms);
    }
  }

  async #sync(): Promise<void> {
    this.#listed = this.#cursor === undefined ? new Set() : undefined;
    for (let cursor = this.#cursor, more = true; more; ) {
      const query = cursor === undefined ? "" : `?cursor=${encodeURIComponent(cursor)}`;
      let page: { changes: { id: string; rev: number; seq: number; gone?: boolean }[]; next_cursor: string; more: boolean };
      try {
        page = await this.call("GET", `/sync${query}`);
      } catch (error) {
        // Away for too long, or the member now sees more or less: everything is listed again.
        if (!(error instanceof Problem) || cursor === undefined || ![400, 410].includes(error.status)) throw error;
        this.#cursor = undefined;
        return this.#sync();
      }
      await Promise.all(page.changes.map((change) => change.gone ? this.#forget(change.id) : this.#note(change)));
      // Only now: a page that was not worked off comes again. A first listing counts when complete.
      cursor = page.next_cursor;
      more = page.more;
      if (!this.#listed || !more) this.#cursor = cursor;
    }
    for (const id of [...this.known.keys()]) if (this.#listed && !this.#listed.has(id)) this.#forget(id);
  }

  /** Something has this `rev` and `seq`, says `/sync` or a frame; old news are no news. */
  async #note(change: { id: string; rev: number; seq: number }): Promise<void> {
    if (this.#learn(change)) this.#tell({ type: "changed", id: change.id });
    await this.#refresh(change.id, change.rev);
  }

  /** Whether it is news. */
  #learn({ id, rev, seq }: { id: string; rev: number; seq: number }): boolean {
    this.#listed?.add(id);
    const news = (this.known.get(id)?.rev ?? 0) < rev;
    if (news) this.known.set(id, { rev, seq });
    return news;
  }

  #forget(id: string): void {
    const had = this.known.delete(id);
    if (this.#threads.has(id)) this.close(id);
    if (had) this.#tell({ type: "gone", id });
  }

  /** Brings an open conversation to `rev` or beyond; many nudges cost one. */
  async #refresh(id: string, rev = Infinity): Promise<void> {
    const thread = this.#threads.get(id);
    if (thread) await this.#queue(thread, () => this.#pull(id, thread, rev));
  }

  /** One thing at a time in a conversation: an older answer never replaces a newer one. */
  #queue(thread: Thread, work: () => Promise<void>): Promise<void> {
    const next = thread.work.then(work);
    thread.work = next.catch(() => {});
    return next;
  }

  async #pull(id: string, thread: Thread, rev: number): Promise<void> {
    if ((thread.head && thread.head.rev >= rev) || this.#threads.get(id) !== thread) return;
    try {
      // The head first: what changes after it was read has a higher `rev` and will be heard of.
      const head = await this.call<Conversation>("GET", `/conversations/${id}`);
      const changed = await this.#catchUp(id, thread, head.seq);
      thread.head = head;
      this.#learn(head);
      this.#tell({ type: "changed", id });
      if (changed) this.#tell({ type: "messages", id });
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error;
      this.#forget(id);
    }
  }

  /** Reads what came after the last message here, up to `seq`, and again what that is about. */
  async #catchUp(id: string, thread: Thread, seq: number): Promise<boolean> {
    let changed = false;
    while (thread.last() < seq) {
      const [first, last] = [thread.messages[0]?.seq ?? Infinity, thread.last()];
      const { data } = await this.#page(id, last === 0 ? "" : `after_seq=${last}`);
      const about = new Set(data.map((message) => message.subject_seq ?? 0));
      for (const subject of about) {
        if (subject < first || subject > last) continue; // not here, or just read
        const { data: [again] } = await this.#page(id, `after_seq=${subject - 1}`, 1);
        if (again?.seq === subject) data.push(again);
      }
      changed = thread.merge(data) || changed;
      if (thread.last() === last) break; // the rest has expired
    }
    return changed;
  }

  #page(id: string, query: string, limit = PAGE): Promise<{ data: Message[] }> {
    return this.call("GET", `/conversations/${id}/messages?limit=${limit}${query && `&${query}`}`);
  }

  // ---- The socket: nothing depends on any of its frames.

  get #Socket() { return this.#options.WebSocket === undefined ? globalThis.WebSocket : this.#options.WebSocket; }

  async #keepSocket(): Promise<void> {
    for (let failures = 0; this.#running; failures += 1) {
      try {
        const { url } = await this.call<{ url: string; ticket: string }>("POST", "/realtime/tickets");
        const end = await this.#serve(new this.#Socket!(url));
        if (end !== "refused") failures = 0;
        if (end === "drained") await this.#pause(Math.random() * this.#timing.drain_ms);
        if (end === "drained") continue;
      } catch (error) {
        this.#complain(error);
      }
      await this.#backOff(failures);
    }
  }

  /** Serves a socket until it has closed, or must be replaced while it still works. */
  #serve(socket: WebSocket): Promise<"refused" | "closed" | "drained"> {
    return new Promise((done) => {
      let [opened, pinged, unanswered] = [false, Date.now(), 0];
      const end = () => {
        clearInterval(tick);
        if (this.#socket === socket) { this.#socket = undefined; this.#setLive(false); }
        done(opened ? "closed" : "refused");
      };
      const tick = setInterval(() => {
        const silent = unanswered >= UNANSWERED || (!opened && Date.now() - pinged > this.#timing.answer_ms);
        if (silent) { socket.close(); return end(); } // a dead connection would take minutes to say so
        if (this.#socket !== socket) return;
        this.#subscribe(); // what was not confirmed
        if (unanswered === 0 && Date.now() - pinged < this.#timing.ping_ms) return;
        [pinged, unanswered] = [Date.now(), unanswered + 1];
        this.#frame({ t: "ping" });
      }, this.#timing.tick_ms);
      socket.onopen = () => {
        opened = true;
        this.#retired?.close();
        this.#socket = socket;
        this.#topics.clear();
        this.#setLive(true);
        this.#subscribe();
      };
      socket.onmessage = ({ data }) => {
        unanswered = 0;
        const frame = parse(data);
        if (frame?.t === "drain") { this.#retired = socket; done("drained"); }
        if (frame) this.#heard(frame);
      };
      socket.onclose = end;
      if (!this.#running) socket.close();
    });
  }

  #heard(frame: Frame): void {
    if (frame.t === "subbed") this.#topics.add(frame.topic);
    if (frame.t === "cnv.changed") void this.#note({ ...frame, id: frame.cnv }).catch((error) => this.#complain(error));
    if (frame.t === "error" && frame.topic) {
      this.#topics.add(frame.topic); // asking again would not help
      void this.#refresh(frame.topic).catch((error) => this.#complain(error));
    }
    if (frame.t === "typing") this.#tell({ type: "typing", id: frame.cnv, who: frame.who, until: frame.until });
    if (frame.t === "presence") this.#tell({ type: "presence", member: frame.member, online: frame.online });
  }

  /** Asks for the topics that the server has not confirmed on this socket. */
  #subscribe(): void {
    const wanted = this.#options.workspace ? ["inbox", ...this.#threads.keys()] : [...this.#threads.keys()];
    for (const topic of wanted) if (!this.#topics.has(topic)) this.#frame({ t: "sub", topic });
  }

  #frame(frame: object): void { if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(frame)); }

  #setLive(live: boolean): void {
    this.live = live;
    this.#tell({ type: "live", live });
    this.wake(); // what happened until now is asked for
  }

  // ---- Waiting and telling.

  #backOff(failures: number, asked = NaN): Promise<void> {
    const { retry_ms, retry_most_ms } = this.#timing;
    const step = Math.random() * Math.min(retry_most_ms, retry_ms * 2 ** failures);
    return asked > 0 ? this.#pause(asked + step, "patient") : this.#pause(step);
  }

  #pause(ms: number, manner: "patient" | "hasty" = "hasty"): Promise<void> {
    return new Promise((done) => {
      if (!this.#running) return done();
      const awake = () => { clearTimeout(timer); this.#sleepers.delete(awake); done(); };
      const timer = setTimeout(awake, ms * (0.9 + Math.random() * 0.2));
      this.#sleepers.set(awake, manner);
    });
  }

  #tell(happening: Happening): void { this.#options.on?.(happening); }

  #complain(error: unknown): void { if (this.#running) this.#tell({ type: "problem", error }); }
}

type Frame =
  | { t: "pong" | "drain" }
  | { t: "error"; code: string; topic?: string }
  | { t: "subbed"; topic: string }
  | { t: "cnv.changed"; cnv: string; seq: number; rev: number }
  | { t: "typing"; cnv: string; who: { type: string; id: string }; until: string }
  | { t: "presence"; member: string; online: boolean };

/** A frame, if it is one; unknown kinds are for clients that know them. */
function parse(data: unknown): Frame | undefined {
  try { return JSON.parse(String(data)); } catch { return undefined; }
}

function problemOf(status: number, text: string): Problem {
  try {
    const { code, detail, title, message } = JSON.parse(text);
    return new Problem(status, code ?? "unknown", detail ?? title ?? message ?? `status ${status}`);
  } catch { return new Problem(status, "unknown", `status ${status}`); }
}
