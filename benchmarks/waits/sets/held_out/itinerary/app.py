"""An itinerary of three legs, all of them asked for at once."""
import asyncio
import os

from fastapi import FastAPI


class Carrier:
    def __init__(self, port: int) -> None:
        self.port = port

    async def ask(self, leg: str) -> bytes:
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(f"GET {leg} 130\n".encode())
            await writer.drain()
            answer = b""
            while not answer.endswith(b"\n"):
                answer += await reader.read(100)
            writer.close()
            return answer


carrier = Carrier(int(os.environ["PEER"]))
app = FastAPI()


@app.get("/itinerary")
async def itinerary() -> dict[str, int]:
    async with asyncio.TaskGroup() as group:
        legs = [group.create_task(carrier.ask(leg)) for leg in ("out", "stay", "back")]
    return {"bytes": sum(len(leg.result()) for leg in legs)}
