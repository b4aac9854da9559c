import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { Api, IChange, IExecutionRef, IFailure } from './api';
import type { ExecutionView, WaitView } from './documents';

/**
 * How the stream of changes is doing: `paused` while the page is hidden, `lost` between attempts to reconnect.
 */
export type Connection = 'connecting' | 'live' | 'paused' | 'lost';

/**
 * What is known of a watched execution: `unknown` to the server, which may be another's notebook.
 */
export type Knowledge = 'loading' | 'known' | 'unknown' | 'unreachable';

/**
 * One execution that somebody looks at; dispose of it when nobody does any more.
 */
export interface IWatchedExecution extends IDisposable {
  readonly ref: IExecutionRef;
  /** The newest document; null before the first answer. */
  readonly view: ExecutionView | null;
  readonly knowledge: Knowledge;
  /** Why it cannot be read, in the server's words. */
  readonly problem: string | null;
  /** Emitted when any of the above is another. */
  readonly changed: ISignal<IWatchedExecution, void>;
  /** Ask the server now. */
  refresh(): Promise<void>;
}

/**
 * A question, and where it is asked.
 */
export interface IOpenQuestion extends WaitView {
  /** Id of the home; null for that of the server's root folder. */
  readonly home: string | null;
  /** Folder or address of that home, if it is another. */
  readonly place: string | null;
}

/**
 * What the server knows of executions, for every view of the application.
 */
export interface IExecutionModel extends IDisposable {
  readonly api: Api;
  /** Id of the home of the server's root folder, once the server has told it. */
  readonly home: string | null;
  readonly connection: Connection;
  /** Why that home's store cannot be read, in the server's words. */
  readonly problem: IFailure | null;
  /** Emitted when any of the above is another. */
  readonly stateChanged: ISignal<IExecutionModel, void>;
  /** Emitted for each batch of changes of a home that is followed, a few times a second at most. */
  readonly changed: ISignal<IExecutionModel, readonly IChange[]>;
  /** Emitted when changes may have been missed: lists are to be read anew. */
  readonly missed: ISignal<IExecutionModel, void>;
  /** Open questions of all executions in the homes that are followed, the oldest first. */
  readonly waits: readonly IOpenQuestion[];
  /** Whether the server has told them. */
  readonly waitsKnown: boolean;
  readonly waitsChanged: ISignal<IExecutionModel, void>;
  /**
   * Watch an execution; those who watch the same share one copy.
   */
  watch(ref: IExecutionRef): IWatchedExecution;
  /**
   * Follow what happens in a home, as that of the server's root folder always is; until it is disposed of.
   */
  follow(home: string): IDisposable;
}

export const IExecutionModel = new Token<IExecutionModel>(
  'kitaru:IExecutionModel',
  'What the server knows of executions of durable flows, kept up to date.'
);
