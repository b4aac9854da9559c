import type { MainAreaWidget } from '@jupyterlab/apputils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { Signal, type ISignal } from '@lumino/signaling';
import * as React from 'react';

import type { IExecutionRef } from '../api';
import { statusText } from '../components/format';
import type { ExecutionView } from '../documents';
import { kitaruIcon } from '../icons';
import type { IExecutionModel } from '../tokens';
import { Comparison } from './Comparison';
import { Document, type IReplaying } from './Document';
import { Application } from './environment';

export interface IDocumentOptions {
  readonly ref: IExecutionRef;
  readonly model: IExecutionModel;
  readonly trans: TranslationBundle;
  readonly commands: CommandRegistry;
  readonly rendermime: IRenderMimeRegistry | null;
  open(ref: IExecutionRef): void;
}

/**
 * One execution in the main area.
 */
export class ExecutionContent extends ReactWidget {
  constructor(private readonly options: IDocumentOptions) {
    super();
    this.addClass('jp-kitaru-document-panel');
    this.node.tabIndex = -1;
    this.title.icon = kitaruIcon;
    this.title.label = options.ref.execId;
    this.title.closable = true;
  }

  get ref(): IExecutionRef {
    return this.options.ref;
  }

  /** The newest document; null before the first answer. */
  get view(): ExecutionView | null {
    return this._view;
  }

  /** Emitted when there is a newer document of another status. */
  get statusChanged(): ISignal<this, void> {
    return this._statusChanged;
  }

  /**
   * Show the form for a replay.
   */
  replay(at: string | null): void {
    this._replaying = { at };
    this.update();
  }

  override dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  protected override render(): React.JSX.Element {
    const { ref, model, trans, open, commands, rendermime } = this.options;
    return (
      <Application.Provider value={{ commands, rendermime }}>
        <Document
          target={ref}
          model={model}
          trans={trans}
          open={open}
          replaying={this._replaying}
          onReplaying={replaying => {
            this._replaying = replaying;
            this.update();
          }}
          onView={this._onView}
        />
      </Application.Provider>
    );
  }

  private readonly _onView = (view: ExecutionView): void => {
    const before = this._view;
    this._view = view;
    if (view.status === before?.status) {
      return;
    }
    const { trans } = this.options;
    this.title.label = view.flow;
    this.title.className = `jp-kitaru-tab-${view.status}`;
    this.title.caption = [
      view.flow,
      trans.__('Status: %1', statusText(trans, view.status)),
      view.exec_id
    ].join('\n');
    this._statusChanged.emit();
  };

  private _view: ExecutionView | null = null;
  private _replaying: IReplaying | null = null;
  private readonly _statusChanged = new Signal<this, void>(this);
}

export type ExecutionDocument = MainAreaWidget<ExecutionContent>;

/**
 * Two executions side by side in the main area.
 */
export class ComparisonContent extends ReactWidget {
  constructor(
    private readonly options: IDocumentOptions,
    readonly other: string
  ) {
    super();
    this.addClass('jp-kitaru-document-panel');
    this.node.tabIndex = -1;
    this.title.icon = kitaruIcon;
    this.title.label = options.trans.__('Comparison');
    this.title.caption = `${options.ref.execId}\n${other}`;
    this.title.closable = true;
  }

  get ref(): IExecutionRef {
    return this.options.ref;
  }

  protected override render(): React.JSX.Element {
    const { ref, model, trans, open } = this.options;
    return (
      <Comparison
        target={ref}
        other={this.other}
        model={model}
        trans={trans}
        open={open}
      />
    );
  }
}
