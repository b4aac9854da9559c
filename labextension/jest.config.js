const jestJupyterLab = require('@jupyterlab/testutils/lib/jest-config');

const modules = [
  '@codemirror',
  '@jupyter',
  '@jupyterlab',
  '@marijn',
  '@microsoft',
  '@rjsf',
  'exenv-es6',
  'lib0',
  'nanoid',
  'vscode-ws-jsonrpc',
  'y-protocols',
  'y-websocket',
  'yjs'
].join('|');

const base = jestJupyterLab(__dirname);

module.exports = {
  ...base,
  automock: false,
  collectCoverageFrom: ['src/**/*.{ts,tsx}', '!src/**/__tests__/**'],
  setupFiles: [...base.setupFiles, '<rootDir>/jest.setup.js'],
  reporters: ['default'],
  // The machine may be busy, and a form is loaded with the first test that shows one.
  testTimeout: 60_000,
  testRegex: 'src/.*\\.spec\\.tsx?$',
  transformIgnorePatterns: [`/node_modules/(?!(${modules})).+`]
};
