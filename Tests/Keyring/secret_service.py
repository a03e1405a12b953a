"""A secret service with one locked, empty collection, and a person at the screen who answers its prompt.

gnome-keyring's own prompt needs a screen; what the plugin does with an answer is tested with this one.
"""

import threading

from jeepney import DBusAddress, HeaderFields, MessageType, message_bus, new_error, new_method_return, new_signal
from jeepney.io.blocking import open_dbus_connection

NAME = "org.freedesktop.secrets"
ROOT = "/org/freedesktop/secrets"
COLLECTION = f"{ROOT}/collection/locked"
PROMPT = f"{ROOT}/prompt/1"


class SecretService:
    """`answer` is what the person does, once so many calls wait: `unlock`, `dismiss`, or `unlock-nothing`."""

    def __init__(self, environment, answer, waiting=1):
        self.answer = answer
        self.waiting = waiting
        self.locked = True
        self.prompts = 0
        self.is_open = False
        self.connection = open_dbus_connection(environment["DBUS_SESSION_BUS_ADDRESS"])
        self.connection.send_and_get_reply(message_bus.RequestName(NAME))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                message = self.connection.receive()
            except (ConnectionError, OSError, ValueError):
                return
            if message.header.message_type == MessageType.method_call:
                self.handle(message)

    def handle(self, message):
        fields = message.header.fields
        path, member = fields[HeaderFields.path], fields[HeaderFields.member]
        if member == "GetAll":
            self.reply(message, "a{sv}", (self.properties(path),))
            self.waiting -= path == COLLECTION
            self.answer_prompt()
        elif member == "OpenSession" and message.body[0] == "plain":
            self.reply(message, "vo", (("s", ""), f"{ROOT}/session/1"))
        elif member == "OpenSession":
            self.connection.send(new_error(message, "org.freedesktop.DBus.Error.NotSupported", "s", ("plain only",)))
        elif member == "ReadAlias":
            self.reply(message, "o", (COLLECTION,))
        elif member == "SearchItems":
            self.reply(message, "ao", ([],))
        elif member == "Unlock":
            self.reply(message, "aoo", ([], PROMPT))
        elif member == "Prompt":
            self.prompts += 1
            self.is_open = True
            self.reply(message, None, ())
            self.answer_prompt()
        else:
            self.reply(message, None, ())

    def answer_prompt(self):
        if not self.is_open or self.waiting > 0:
            return
        self.is_open = False
        # The last call has its collection, and is about to see that it is locked.
        threading.Timer(0.5, self.complete).start()

    def complete(self):
        if self.answer == "unlock":
            self.locked = False
        unlocked = [COLLECTION] if self.answer == "unlock" else []
        prompt = DBusAddress(PROMPT, bus_name=NAME, interface="org.freedesktop.Secret.Prompt")
        self.connection.send(
            new_signal(prompt, "Completed", "bv", (self.answer == "dismiss", ("ao", unlocked))))

    def reply(self, message, signature, body):
        self.connection.send(new_method_return(message, signature, body))

    def properties(self, path):
        if path == ROOT:
            return {"Collections": ("ao", [COLLECTION])}
        return {
            "Items": ("ao", []), "Label": ("s", "Locked"), "Locked": ("b", self.locked), "Created": ("t", 1),
            "Modified": ("t", 1),
        }
