import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { WidgetTracker } from '@jupyterlab/apputils';
import { Token, type ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { IExecutionRef } from '../api';
import { refOf } from '../commands';
import type { ExecutionView } from '../documents';
import type { ExecutionDocument } from './widget';

/**
 * The documents of executions that are open.
 */
export interface IExecutionDocuments {
  readonly tracker: WidgetTracker<ExecutionDocument>;
  /** The execution that a command's arguments mean: the named, the clicked or the open one. */
  target(args: ReadonlyPartialJSONObject): IExecutionRef | null;
  /** What is known of an execution whose document is open. */
  view(ref: IExecutionRef): ExecutionView | null;
}

export const IExecutionDocuments = new Token<IExecutionDocuments>(
  'kitaru:IExecutionDocuments',
  'The open documents of executions, and which execution a command means.'
);

export class ExecutionDocuments implements IExecutionDocuments {
  constructor(
    private readonly app: JupyterFrontEnd,
    readonly tracker: WidgetTracker<ExecutionDocument>
  ) {}

  target(args: ReadonlyPartialJSONObject): IExecutionRef | null {
    const named = refOf(args);
    if (named) {
      return named;
    }
    if (args.clicked === true) {
      return this._clicked();
    }
    const current = this.tracker.currentWidget;
    return current && current === this.app.shell.currentWidget
      ? current.content.ref
      : null;
  }

  view(ref: IExecutionRef): ExecutionView | null {
    return this.find(ref)?.content.view ?? null;
  }

  find(ref: IExecutionRef): ExecutionDocument | undefined {
    return this.tracker.find(
      ({ content }) =>
        content.ref.execId === ref.execId && content.ref.home === ref.home
    );
  }

  private _clicked(): IExecutionRef | null {
    const node = this.app.contextMenuHitTest(
      ({ dataset }) => dataset.kitaruExecution !== undefined
    );
    const execId = node?.dataset.kitaruExecution;
    const home =
      node?.closest<HTMLElement>('[data-kitaru-home]')?.dataset.kitaruHome;
    return execId === undefined ? null : { execId, home: home || null };
  }
}
