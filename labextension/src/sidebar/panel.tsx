import { PageConfig } from '@jupyterlab/coreutils';
import { SidePanel } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { AccordionPanel } from '@lumino/widgets';

import type { StatusView } from '../documents';
import { contentsPath } from '../document/notebook';
import { kitaruIcon } from '../icons';
import { NO_FILTERS } from './query';
import {
  DeploymentsSection,
  ExecutionsSection,
  WaitsSection,
  type ISidebarOptions
} from './sections';

/** Place of the deployments among the sections. */
const DEPLOYMENTS = 2;

/** Where the style sheet finds the number for the tab. */
const BADGE = 'kitaru-waits';

/**
 * What waits for an answer, all executions, and the flows that are deployed.
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
    this._deployments = new DeploymentsSection(options);
    this.addWidget(this._waits);
    this.addWidget(this._executions);
    this.addWidget(this._deployments);
    this._accordion.collapse(DEPLOYMENTS);
    // Deployments are those of the home whose executions are shown.
    this._executions.list.changed.connect(({ home }) => {
      this._deployments.list.home = home;
    });
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

  /**
   * Have the focus on the deployments once the panel is activated.
   */
  showDeployments(): void {
    this._accordion.expand(DEPLOYMENTS);
    this._isForDeployments = true;
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    if (this._isForWaits) {
      this._waits.takeFocus();
    } else if (this._isForDeployments) {
      this._deployments.takeFocus();
    } else {
      this._executions.takeFocus();
    }
    this._isForWaits = this._isForDeployments = false;
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
      const below = this._deployments.isHidden ? 0 : 0.25;
      this._accordion.setRelativeSizes(
        waiting > 1 ? [0.45, 0.55, below] : [0.3, 0.7, below]
      );
    } else if (waiting === 0) {
      this._accordion.collapse(0);
    }
    this._before = waiting;
  }

  private readonly _waits: WaitsSection;
  private readonly _executions: ExecutionsSection;
  private readonly _deployments: DeploymentsSection;
  private readonly _accordion: AccordionPanel;
  private _before = 0;
  /** Whether the next activation is to lead to the questions. */
  private _isForWaits = false;
  /** Whether it is to lead to the deployments. */
  private _isForDeployments = false;
}
