import socket


class Client:
    def __init__(self, host, port):
        self.sock = socket.create_connection((host, port))
        self.buffer = b""

    def get(self, key):
        self.sock.sendall(f"GET {key} 70\n".encode())
        return self.line()

    def line(self):
        while b"\n" not in self.buffer:
            self.buffer += self.sock.recv(4096)
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line
