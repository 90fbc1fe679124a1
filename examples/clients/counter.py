#!/usr/bin/env python3
"""A client of the open protocol in one file: a counter, a chat, a connection that breaks, and a state that comes back.

    npm start                            # the server, in another terminal
    python3 examples/clients/counter.py  # ws://127.0.0.1:3000/api/live/ws, unless another address is given

It needs Python 3.9 and `websockets` (Debian: python3-websockets). docs/protocol.md explains what is said.
"""
import asyncio
import itertools
import json
import sys
import uuid

import websockets


# #region live
class Refused(Exception):
    """A request was refused: its code, a sentence, and the fields of an action's own error."""

    def __init__(self, reply):
        super().__init__(reply["error"])
        self.code = reply["code"]
        self.failure = reply.get("failure")


class Live:
    """One connection: requests that are answered, and what comes without having been asked for."""

    def __init__(self, socket):
        self.socket = socket
        self.requests = itertools.count(1)
        self.waiting = {}  # requestId: the future that wants the reply
        self.states = {}  # componentId: the newest state
        self.signed = {}  # componentId: the newest signedState, and the state it was signed with
        self.news = asyncio.Condition()

    @classmethod
    async def connect(cls, url, session_token=None):
        query = f"?sessionToken={session_token}" if session_token else ""
        live = cls(await websockets.connect(url + query))
        live.session = json.loads(await live.socket.recv())  # always CONNECTION_ESTABLISHED
        live.reader = asyncio.create_task(live.read())
        return live

    async def read(self):
        try:
            while True:
                frame = json.loads(await self.socket.recv())
                for message in frame if isinstance(frame, list) else [frame]:
                    await self.receive(message)
        except websockets.ConnectionClosed as closed:
            for waiting in self.waiting.values():
                waiting.set_exception(closed)

    async def receive(self, message):
        kind, component = message["type"], message.get("componentId")
        waiting = self.waiting.pop(message.get("requestId"), None)
        if waiting:
            waiting.set_result(message)
        elif kind == "STATE_UPDATE":
            self.changed(component, message["payload"]["state"], message["payload"].get("signedState"))
        elif kind == "COMPONENT_UPDATE":
            self.changed(component, message["state"])
        elif kind == "BROADCAST":
            print(f"heard {message['event']}: {json.dumps(message['payload'])}")
        elif kind == "ERROR":
            print(f"error {message['code']}: {message['error']}")
        async with self.news:
            self.news.notify_all()

    def changed(self, component, state, signed_state=None):
        if state != self.states.get(component):
            print(f"state {json.dumps(state)}")
        self.states[component] = state
        if signed_state:
            self.signed[component] = (signed_state, state)

    async def ask(self, message):
        """Sends a request and waits for its reply."""
        request = next(self.requests)
        waiting = self.waiting[request] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps({**message, "requestId": request}))
        reply = await waiting
        if not reply["success"]:
            raise Refused(reply)
        return reply.get("result")

    # #endregion live

    # #region requests
    async def mount(self, component, **payload):
        result = await self.ask({"type": "COMPONENT_MOUNT", "payload": {"component": component, **payload}})
        self.changed(result["componentId"], result["initialState"], result.get("signedState"))
        return result["componentId"]

    async def call(self, component, action, payload=None):
        message = {"type": "CALL_ACTION", "componentId": component, "action": action, "expectResponse": True}
        return await self.ask({**message, "payload": payload})

    async def rehydrate(self, component, signed_state):
        payload = {"componentName": component, "signedState": signed_state}
        result = await self.ask({"type": "COMPONENT_REHYDRATE", "payload": payload})
        self.changed(result["newComponentId"], result["state"], result.get("signedState"))
        return result["newComponentId"]

    # #endregion requests

    async def signed_state(self, component):
        """Waits until the state as it is now has been signed, which takes about a second after a change."""
        async with self.news:
            await self.news.wait_for(
                lambda: component in self.signed and self.signed[component][1] == self.states[component]
            )
        return self.signed[component][0]

    async def close(self):
        await self.socket.close()
        await self.reader


# #region main
async def main(url):
    live = await Live.connect(url)
    counter = await live.mount("Counter", props={"start": 8})
    print("total", await live.call(counter, "Increment", {"by": 2}))
    try:
        await live.call(counter, "Increment", {"by": 1000})
    except Refused as refused:
        print("refused", refused.code, json.dumps(refused.failure))
    chat = await live.mount("Chat", props={"name": "Python"}, room=f"python-{uuid.uuid4()}")
    await live.call(chat, "Say", {"text": "hello"})

    # The connection breaks. The session waits, and everything in it goes on.
    token = live.session["sessionToken"]
    await live.close()
    live = await Live.connect(url, token)
    print("resumed", live.session["resumed"], len(live.session["components"]))
    print("total", await live.call(counter, "Increment", {"by": 1}))

    # The session is gone, and the server perhaps another one: what it has signed brings the state back.
    signed_state = await live.signed_state(counter)
    await live.close()
    live = await Live.connect(url)
    counter = await live.rehydrate("Counter", signed_state)
    print("rehydrated", json.dumps(live.states[counter]))
    await live.close()
    # #endregion main


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:3000/api/live/ws"))
