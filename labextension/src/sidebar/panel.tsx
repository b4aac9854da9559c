import { PageConfig } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, SidePanel } from '@jupyterlab/ui-components';
import type { ITranslator } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { AccordionPanel } from '@lumino/widgets';
import * as React from 'react';

import type { IExecutionRef } from '../api';
import type { StatusView } from '../documents';
import { Environment } from '../components/context';
import { contentsPath } from '../document/notebook';
import { kitaruIcon } from '../icons';
import { Inbox } from '../inbox/Inbox';
import type { IExecutionModel } from '../tokens';
import { Executions } from './Executions';
import { ExecutionList } from './list';
import { NO_FILTERS } from './query';

/** Where the style sheet finds the number for the tab. */
const BADGE = 'kitaru-waits';

export interface ISidebarOptions {
  model: IExecutionModel;
  trans: TranslationBundle;
  translator: ITranslator;
  open(ref: IExecutionRef): void;
}

/**
 * What waits for an answer, and all executions.
 */
export class ExecutionsPanel extends SidePanel {
  constructor(private readonly options: ISidebarOptions) {
    super({ translator: options.translator });
    // What a side panel has unless it is given another: JupyterLab 4.4 offers no way to make one with its toolbars.
    if (!(this.content instanceof AccordionPanel)) {
      throw new TypeError('A side panel is expected to be an accordion.');
    }
    this._accordion = this.content;
    const { model, trans } = options;
    this.id = 'jp-kitaru-panel';
    this.addClass('jp-kitaru-panel');
    this.title.icon = kitaruIcon;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Executions of flows'));
    this._waits = new WaitsSection(options);
    this._executions = new ExecutionsSection(options);
    this.addWidget(this._waits);
    this.addWidget(this._executions);
    model.waitsChanged.connect(this._onWaits, this);
    this._onWaits();
  }

  /**
   * Show the executions that a notebook started.
   */
  async showNotebook(path: string): Promise<void> {
    const { model } = this.options;
    const { list } = this._executions;
    const { home } = await model.api.get<StatusView>('status', { path });
    const all = { ...NO_FILTERS, home: home === model.home ? '' : home };
    list.choose(all, '');
    const root = PageConfig.getOption('serverRoot');
    const names = await list.names('notebook');
    const notebook =
      names.find(name => contentsPath(name, root) === path) ?? path;
    list.choose({ ...all, notebook }, '');
  }

  /**
   * Have the focus on the open questions once the panel is activated.
   */
  showWaits(): void {
    this._accordion.expand(0);
    this._isForWaits = true;
  }

  private _focusWaits(): void {
    const field = this._waits.node.querySelector<HTMLElement>(
      'input, textarea, select, button'
    );
    (field ?? this._waits.node).focus();
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    if (this._isForWaits) {
      this._focusWaits();
    } else {
      this._executions.takeFocus();
    }
    this._isForWaits = false;
  }

  private _onWaits(): void {
    const { model, trans } = this.options;
    const waiting = model.waits.length;
    this.title.caption =
      waiting === 0
        ? trans.__('Executions')
        : trans._n(
            'Executions (%1 waits for an answer)',
            'Executions (%1 wait for an answer)',
            waiting,
            waiting
          );
    // What the tab bar added to its data stays.
    const others = Object.entries(this.title.dataset).filter(
      ([name]) => name !== BADGE
    );
    const badge = waiting > 99 ? '99+' : String(waiting);
    this.title.dataset = Object.fromEntries(
      waiting === 0 ? others : [...others, [BADGE, badge]]
    );
    this._waits.title.label =
      waiting === 0
        ? trans.__('Questions')
        : trans.__('Questions (%1)', waiting);
    if (waiting > 0 && this._before === 0) {
      this._accordion.expand(0);
      this._accordion.setRelativeSizes(waiting > 1 ? [0.45, 0.55] : [0.3, 0.7]);
    } else if (waiting === 0) {
      this._accordion.collapse(0);
    }
    this._before = waiting;
  }

  private readonly _waits: WaitsSection;
  private readonly _executions: ExecutionsSection;
  private readonly _accordion: AccordionPanel;
  private _before = 0;
  /** Whether the next activation is to lead to the questions. */
  private _isForWaits = false;
}

/**
 * A part of the panel that draws with React.
 */
class WaitsSection extends ReactWidget {
  constructor(private readonly options: ISidebarOptions) {
    super();
    this.addClass('jp-kitaru-section');
    this.node.tabIndex = -1;
    this.title.label = options.trans.__('Questions');
  }

  protected override render(): React.JSX.Element {
    const { model, trans, open } = this.options;
    return (
      <Environment.Provider value={{ model, trans, open, live: null }}>
        <Inbox />
      </Environment.Provider>
    );
  }
}

class ExecutionsSection extends ReactWidget {
  constructor(private readonly options: ISidebarOptions) {
    super();
    this.addClass('jp-kitaru-section');
    this.title.label = options.trans.__('Executions');
    this.node.tabIndex = -1;
    this.list = new ExecutionList(options.model, options.trans);
  }

  override dispose(): void {
    this.list.dispose();
    super.dispose();
  }

  /**
   * Put the focus on the list, or on the list that comes, unless it goes elsewhere meanwhile.
   */
  takeFocus(): void {
    const tree = this._tree;
    this._wantsFocus = tree === null;
    (tree ?? this.node).focus();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.list.visible = true;
  }

  protected override onBeforeHide(message: Message): void {
    super.onBeforeHide(message);
    this.list.visible = false;
  }

  private get _tree(): HTMLElement | null {
    return this.node.querySelector<HTMLElement>('[role=tree]');
  }

  private readonly _onDrawn = (): void => {
    const tree = this._tree;
    if (tree && this._wantsFocus) {
      this._wantsFocus = false;
      if (document.activeElement === this.node) {
        tree.focus();
      }
    }
  };

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.list.visible = this.isVisible;
  }

  protected override render(): React.JSX.Element {
    const { model, trans, open } = this.options;
    return (
      <Environment.Provider value={{ model, trans, open, live: null }}>
        <Executions list={this.list} open={open} onDrawn={this._onDrawn} />
      </Environment.Provider>
    );
  }

  readonly list: ExecutionList;
  private _wantsFocus = false;
}
