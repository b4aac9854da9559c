import type { MainAreaWidget } from '@jupyterlab/apputils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import { Signal, type ISignal } from '@lumino/signaling';
import * as React from 'react';

import type { IExecutionRef } from '../api';
import { Application } from '../document/environment';
import { kitaruIcon } from '../icons';
import type { IExecutionModel } from '../tokens';
import { Document } from './Document';
import { Deployments } from './list';

export interface IDeploymentOptions {
  readonly flow: string;
  readonly home: string | null;
  readonly version: number | null;
  readonly model: IExecutionModel;
  readonly trans: TranslationBundle;
  readonly commands: CommandRegistry;
  readonly rendermime: IRenderMimeRegistry | null;
  open(ref: IExecutionRef): void;
}

/**
 * The versions of a flow in the main area.
 */
export class DeploymentContent extends ReactWidget {
  constructor(private readonly options: IDeploymentOptions) {
    super();
    const { flow, home, model, trans } = options;
    this.addClass('jp-kitaru-document-panel');
    this.node.tabIndex = -1;
    this.title.icon = kitaruIcon;
    this.title.label = flow;
    this.title.caption = trans.__('Deployments of %1', flow);
    this.title.closable = true;
    this.list = new Deployments(model, flow, home);
    this._version = options.version;
  }

  readonly list: Deployments;

  get flow(): string {
    return this.options.flow;
  }

  get home(): string | null {
    return this.options.home;
  }

  /** The version that is shown; null before that is known. */
  get version(): number | null {
    return this._version;
  }

  set version(value: number | null) {
    if (value !== this._version) {
      this._version = value;
      this._versionChanged.emit();
      this.update();
    }
  }

  get versionChanged(): ISignal<this, void> {
    return this._versionChanged;
  }

  override dispose(): void {
    this.list.dispose();
    Signal.clearData(this);
    super.dispose();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._see(true);
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._see(this.isVisible);
  }

  protected override onBeforeHide(message: Message): void {
    super.onBeforeHide(message);
    this._see(false);
  }

  protected override render(): React.JSX.Element {
    const { flow, trans, open, commands, rendermime } = this.options;
    return (
      <Application.Provider value={{ commands, rendermime }}>
        <Document
          list={this.list}
          flow={flow}
          version={this._version}
          trans={trans}
          visible={this._visible}
          open={open}
          onVersion={this._onVersion}
        />
      </Application.Provider>
    );
  }

  private readonly _onVersion = (version: number): void => {
    this.version = version;
  };

  private _see(visible: boolean): void {
    this._visible = visible;
    this.list.visible = visible;
    this.update();
  }

  private _version: number | null;
  private _visible = false;
  private readonly _versionChanged = new Signal<this, void>(this);
}

export type DeploymentDocument = MainAreaWidget<DeploymentContent>;
