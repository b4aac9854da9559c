/**
 * A server-sent event as it is written.
 */
export interface IServerSentEvent {
  id: string;
  event: string;
  data: string;
}

/**
 * Server-sent events as they arrive, in whatever pieces.
 */
export async function* serverSentEvents(
  body: ReadableStream<Uint8Array>
): AsyncGenerator<IServerSentEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      const blocks = (rest + decoder.decode(value, { stream: true })).split(
        '\n\n'
      );
      rest = blocks.pop() ?? '';
      for (const event of blocks.map(readEvent)) {
        // What has no data is a comment, which only keeps the connection open.
        if (event.data !== '') {
          yield event;
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function readEvent(block: string): IServerSentEvent {
  const found = { id: '', event: 'message', data: '' };
  for (const line of block.split('\n')) {
    const [, name, value] = /^(id|event|data): ?(.*)$/.exec(line) ?? [];
    if (name && value !== undefined) {
      found[name as keyof typeof found] = value;
    }
  }
  return found;
}
