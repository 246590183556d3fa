// A network that loses, doubles, delays and cuts: in place of `fetch` and `WebSocket`.

/** Numbers between 0 and 1 that a seed repeats (mulberry32). */
export function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export class Network {
  /** What went wrong so far. */
  counts = { calls: 0, unsent: 0, unanswered: 0, doubled: 0, frames: 0, dropped: 0, sockets: 0, cut: 0 };

  constructor(roll) {
    this.roll = roll;
  }

  fetch = async (url, init) => {
    const { counts, roll } = this;
    counts.calls += 1;
    await pause(roll() * 10);
    if (roll() < 0.05) {
      counts.unsent += 1;
      throw new TypeError("planned: the request was lost");
    }
    const answers = [fetch(url, init)];
    if (init.method === "POST" && url.endsWith("/messages") && roll() < 0.5) {
      counts.doubled += 1;
      // At the same time, or after it: both orders must do.
      if (roll() < 0.5) await answers[0].catch(() => {});
      answers.push(fetch(url, init));
    }
    const [answer, ...others] = roll() < 0.5 ? answers : answers.reverse();
    const settled = await Promise.allSettled([answer, ...others]);
    for (const { value } of settled.slice(1)) await value?.arrayBuffer().catch(() => {});
    if (roll() < 0.1) {
      counts.unanswered += 1;
      await settled[0].value?.arrayBuffer().catch(() => {});
      throw new TypeError("planned: the answer was lost");
    }
    return answer;
  };

  /** A `WebSocket` for this network: half of all frames are lost, on the way out and back. */
  get WebSocket() {
    const network = this;
    return class {
      #socket;
      #timer;

      constructor(url) {
        const { counts, roll } = network;
        counts.sockets += 1;
        this.#socket = new WebSocket(url);
        this.#socket.onopen = () => this.onopen?.({});
        this.#socket.onclose = () => {
          clearTimeout(this.#timer);
          this.onclose?.({});
        };
        this.#socket.onerror = () => {};
        this.#socket.onmessage = async ({ data }) => {
          if (network.#drops()) return;
          // Frames overtake each other, and some arrive twice.
          for (let copies = roll() < 0.1 ? 2 : 1; copies > 0; copies -= 1) {
            await pause(roll() * 20);
            this.onmessage?.({ data });
          }
        };
        this.#timer = setTimeout(() => {
          counts.cut += 1;
          this.#socket.close();
        }, 500 + roll() * 3500);
      }

      get readyState() {
        return this.#socket.readyState;
      }

      send(data) {
        if (!network.#drops()) this.#socket.send(data);
      }

      close() {
        this.#socket.close();
      }
    };
  }

  #drops() {
    this.counts.frames += 1;
    if (this.roll() < 0.5) return false;
    this.counts.dropped += 1;
    return true;
  }
}
