// Browsers have it, jsdom has not.
globalThis.ReadableStream ??= require('node:stream/web').ReadableStream;
