"""A board of scores on asyncio's protocols alone: one path rebuilds it, which takes about 100 ms."""

import asyncio
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

from perftools_benchmarks import prctl
from perftools_benchmarks.sched.ready import ready, sized

pool = None


def rebuild(games=None):
    board = {}
    for game in range(games or GAMES):
        player = game * 7919 % 503
        board[player] = board.get(player, 0) + game % 5
    return max(board.values())


GAMES = sized(rebuild, 0.1)


class Board(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if not data.startswith(b"GET /rebuild"):
            self.reply(1)
        elif pool is None:
            self.reply(rebuild())
        else:
            future = asyncio.get_running_loop().run_in_executor(pool, rebuild)
            future.add_done_callback(lambda done: self.reply(done.result()))

    def reply(self, value):
        self.transport.write(b"HTTP/1.0 200 OK\r\n\r\n%d" % value)
        self.transport.close()


async def main():
    server = await asyncio.get_running_loop().create_server(Board, "127.0.0.1", int(os.environ["PORT"]), backlog=512)
    ready()
    await server.serve_forever()


if os.environ["VARIANT"] == "apart":
    fork = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(1, mp_context=fork, initializer=prctl.end_with, initargs=(os.getpid(),))
    pool.submit(int).result()  # begins its process before there are connections to inherit
asyncio.run(main())
