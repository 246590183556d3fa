#!/usr/bin/env python3
"""Kills the program under load, again and again: nothing acknowledged is lost, nothing doubled.

Writers send messages as visitors and as a member, several at a time. At a random moment the
program gets signal 9. After the restart every send without an answer is sent again with the same
client_message_id, and so are a few that had an answer. Then the conversations are read back:

  lost     acknowledged with 201 or 200, but not in its conversation
  doubled  a client_message_id that stands there twice, or got a second seq
  torn     seq with a gap, another text, a message that nobody sent
"""

import argparse
import random
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

from program import Program, Unreachable, default_binary

PAGE = 100
LETTERS = str.maketrans("0123456789", "ghijklmnop")


class Conversation:
    """One conversation, what was sent to it and what was acknowledged."""

    def __init__(self, workspace, conversation, visitor_token, first):
        self.id = conversation
        self.team_path = f"/v1/workspaces/{workspace}/conversations/{conversation}/messages"
        self.visitor_path = f"/v1/widget/conversations/{conversation}/messages"
        self.visitor_token = visitor_token
        self.sent = {}  # client_message_id -> (text, by the visitor?)
        self.acknowledged = {first["client_message_id"]: (first["id"], first["seq"])}
        self.sent[first["client_message_id"]] = (first["text"], True)
        self.open = []  # sent, no answer yet

    def send(self, program, client_message_id):
        """Returns whether the send was acknowledged; an answer that contradicts an earlier one raises."""
        text, by_visitor = self.sent[client_message_id]
        path = self.visitor_path if by_visitor else self.team_path
        token = self.visitor_token if by_visitor else program.demo["member_token"]
        body = {"client_message_id": client_message_id, "text": text}
        answer = program.ask("POST", path, body, token)
        if answer.status in (429, 500, 502, 503, 504):
            return False
        message = answer.expect(200, 201)
        place = (message["id"], message["seq"])
        known = self.acknowledged.setdefault(client_message_id, place)
        if known != place:
            raise AssertionError(f"doubled: {client_message_id} is {known} and {place}")
        return True

    def read(self, program):
        """The whole thread as the team sees it."""
        messages, after = [], 0
        while True:
            path = f"{self.team_path}?after_seq={after}&limit={PAGE}"
            page = program.ask("GET", path, token=program.demo["member_token"]).expect(200)
            messages += page["data"]
            if not page["data"] or messages[-1]["seq"] >= page["head_seq"]:
                return messages, page["head_seq"]
            after = messages[-1]["seq"]

    def faults(self, program):
        messages, head_seq = self.read(program)
        found = []
        if [m["seq"] for m in messages] != list(range(1, head_seq + 1)):
            found.append(f"torn: seq of {self.id} is not 1 to {head_seq}")
        places = {}
        for message in messages:
            places.setdefault(message["client_message_id"], []).append(message)
        for client_message_id, copies in places.items():
            if len(copies) > 1:
                found.append(f"doubled: {client_message_id} stands {len(copies)} times in {self.id}")
            if client_message_id not in self.sent:
                found.append(f"torn: nobody sent {client_message_id} in {self.id}")
            elif copies[0]["text"] != self.sent[client_message_id][0]:
                found.append(f"torn: another text under {client_message_id} in {self.id}")
        for client_message_id, (message_id, seq) in self.acknowledged.items():
            copies = places.get(client_message_id)
            if not copies:
                found.append(f"lost: {client_message_id}, acknowledged as seq {seq} of {self.id}")
            elif (copies[0]["id"], copies[0]["seq"]) != (message_id, seq):
                found.append(f"torn: {client_message_id} was acknowledged as {message_id}, seq {seq}")
        return found


def start(program, count):
    """Conversations of `count` visitors, made before the first kill."""
    demo = program.demo
    conversations = []
    for _ in range(count):
        headers = {"origin": demo["origin"]}
        session = program.ask(
            "POST", "/v1/widget/sessions", {"app_key": demo["app_key"]}, headers=headers
        ).expect(201)
        first = {"client_message_id": str(uuid.uuid4()), "text": "The first message."}
        made = program.ask(
            "POST", "/v1/widget/conversations", {"first_message": first}, session["session_token"]
        ).expect(201)
        conversations.append(
            Conversation(
                demo["workspace_id"], made["conversation"]["id"], session["session_token"],
                {**first, "id": made["message"]["id"], "seq": made["message"]["seq"]},
            )
        )
    return conversations


def write(program, conversation, stop, problems):
    """Sends to one conversation until told to stop or the program is gone. Nothing is sent twice here."""
    number = 0
    while not stop.is_set():
        number += 1
        client_message_id = str(uuid.uuid4())
        # In letters: thirteen digits in a row may be the number of a card, which would be masked.
        word = uuid.uuid4().hex.translate(LETTERS)
        conversation.sent[client_message_id] = (f"Message {number}, {word}", number % 2 == 0)
        conversation.open.append(client_message_id)
        try:
            if conversation.send(program, client_message_id):
                conversation.open.remove(client_message_id)
                stop.wait(0.005)
            else:  # Too fast for a visitor's allowance: it is sent again after the restart.
                stop.wait(0.3)
        except Unreachable:
            return
        except AssertionError as error:
            problems.append(str(error))
            return


def settle(program, conversation):
    """Sends again what had no answer, and some of what had one."""
    again = random.sample(list(conversation.acknowledged), min(3, len(conversation.acknowledged)))
    for client_message_id in conversation.open + again:
        deadline = time.monotonic() + 60
        while not conversation.send(program, client_message_id):
            if time.monotonic() > deadline:
                raise AssertionError(f"{client_message_id} is refused for a minute")
            time.sleep(0.2)
    conversation.open.clear()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=Path, default=default_binary())
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--writers", type=int, default=6, help="conversations written to at once")
    parser.add_argument("--seed", type=int, default=None, help="of the moments; printed when not given")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(2**32)
    random.seed(seed)
    print(f"{options.kills} kills, {options.writers} writers, seed {seed}", flush=True)

    began = time.monotonic()
    problems = []
    slowest_start, unanswered = 0.0, 0
    with tempfile.TemporaryDirectory(prefix="sotto-kill-") as folder:
        arguments = ["--data", f"{folder}/data", "--port", "0", "--json"]
        output = f"{folder}/output"
        program = Program(options.binary, arguments, output)
        conversations = start(program, options.writers)
        for kill in range(1, options.kills + 1):
            stop = threading.Event()
            writers = [
                threading.Thread(target=write, args=(program, conversation, stop, problems))
                for conversation in conversations
            ]
            for writer in writers:
                writer.start()
            time.sleep(random.uniform(0.05, 0.6))
            program.kill()
            stop.set()
            for writer in writers:
                writer.join()
            program = Program(options.binary, arguments, output)
            slowest_start = max(slowest_start, program.start_seconds)
            # What was acknowledged must be there before anything is sent again.
            unanswered += sum(len(c.open) for c in conversations)
            for conversation in conversations:
                problems += [f for f in conversation.faults(program) if f.startswith("lost")]
                settle(program, conversation)
            if problems:
                break
            if kill % 10 == 0:
                count = sum(len(c.acknowledged) for c in conversations)
                seconds = time.monotonic() - began
                print(f"  {kill} kills, {count} messages acknowledged, {seconds:.0f} s", flush=True)
        for conversation in conversations:
            problems += conversation.faults(program)
        status = program.stop()
        if status != 0:
            problems.append(f"after Ctrl-C the program ended with {status}")
    acknowledged = sum(len(c.acknowledged) for c in conversations)
    if acknowledged < options.kills:
        problems.append(f"only {acknowledged} messages were acknowledged: that was no load")
    for problem in sorted(set(problems)):
        print(f"FAULT {problem}")
    print(
        f"{kill} kills, {acknowledged} messages acknowledged in {len(conversations)} conversations, "
        f"{unanswered} without an answer at a kill and sent again, "
        f"slowest start {slowest_start:.1f} s, {len(set(problems))} faults"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
