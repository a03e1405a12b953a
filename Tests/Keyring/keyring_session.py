"""A D-Bus session that stays open for a test."""

import subprocess

VARIABLES = [
    "DBUS_SESSION_BUS_ADDRESS", "HOME", "PATH", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
]


class Session:
    """A command that opens a session, held open; `environment` is that of a program in it."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            [*command, "sh", "-c", "env -0; printf 'END\\0'; exec >/dev/null; cat >/dev/null"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.environment = {}
        text = b""
        while not text.endswith(b"\0END\0"):
            piece = self.process.stdout.read1()
            assert piece, "the session did not open"
            text += piece
        for entry in text.split(b"\0"):
            name, found, value = entry.decode().partition("=")
            # gnome-keyring-daemon prints a line of its own before the first variable.
            name = name.rpartition("\n")[2]
            if found and name in VARIABLES:
                self.environment[name] = value

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def run(self, *command, **more):
        return subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, timeout=30, **more)
