import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import type { IExecutionRef } from '../api';
import { Environment } from '../components/context';
import { DeployedFlows } from '../deployments/DeployedFlows';
import { Deployments } from '../deployments/list';
import { Inbox } from '../inbox/Inbox';
import type { IExecutionModel } from '../tokens';
import { Executions } from './Executions';
import { ExecutionList } from './list';

export interface ISidebarOptions {
  model: IExecutionModel;
  trans: TranslationBundle;
  translator: ITranslator;
  commands: CommandRegistry;
  open(ref: IExecutionRef): void;
}

/**
 * A part of the panel that draws with React.
 */
abstract class PanelSection extends ReactWidget {
  constructor(
    protected readonly options: ISidebarOptions,
    title: string,
    /** What is used first in it. */
    private readonly first: string
  ) {
    super();
    this.addClass('jp-kitaru-section');
    this.title.label = title;
    this.node.tabIndex = -1;
  }

  /**
   * Put the focus on what is used first, or on it once it is drawn, unless the focus goes elsewhere meanwhile.
   */
  takeFocus(): void {
    const found = this._first;
    this._wantsFocus = found === null;
    (found ?? this.node).focus();
  }

  protected abstract content(): React.JSX.Element;

  protected override render(): React.JSX.Element {
    const { model, trans, open } = this.options;
    return (
      <Environment.Provider value={{ model, trans, open, live: null }}>
        {this.content()}
      </Environment.Provider>
    );
  }

  protected readonly onDrawn = (): void => {
    const found = this._first;
    if (found && this._wantsFocus) {
      this._wantsFocus = false;
      if (document.activeElement === this.node) {
        found.focus();
      }
    }
  };

  private get _first(): HTMLElement | null {
    return this.node.querySelector<HTMLElement>(this.first);
  }

  private _wantsFocus = false;
}

export class WaitsSection extends PanelSection {
  constructor(options: ISidebarOptions) {
    const title = options.trans.__('Questions');
    super(options, title, 'input, textarea, select, button');
  }

  protected override content(): React.JSX.Element {
    return <Inbox onDrawn={this.onDrawn} />;
  }
}

/**
 * A section whose list is read only while somebody looks.
 */
abstract class ListSection extends PanelSection {
  abstract readonly list: IDisposable & { visible: boolean };

  override dispose(): void {
    this.list.dispose();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.list.visible = this.isVisible;
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.list.visible = true;
  }

  protected override onBeforeHide(message: Message): void {
    super.onBeforeHide(message);
    this.list.visible = false;
  }
}

export class ExecutionsSection extends ListSection {
  constructor(options: ISidebarOptions) {
    super(options, options.trans.__('Executions'), '[role=tree]');
    this.list = new ExecutionList(options.model, options.trans);
  }

  readonly list: ExecutionList;

  protected override content(): React.JSX.Element {
    return (
      <Executions
        list={this.list}
        open={this.options.open}
        onDrawn={this.onDrawn}
      />
    );
  }
}

export class DeploymentsSection extends ListSection {
  constructor(options: ISidebarOptions) {
    super(options, options.trans.__('Deployments'), '[role=tree], button');
    this.list = new Deployments(options.model);
  }

  readonly list: Deployments;

  protected override content(): React.JSX.Element {
    return (
      <DeployedFlows
        list={this.list}
        commands={this.options.commands}
        onDrawn={this.onDrawn}
      />
    );
  }
}
