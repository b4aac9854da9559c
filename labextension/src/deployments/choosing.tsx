import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

/**
 * What of a notebook is to be deployed or exported.
 */
export interface IChoice {
  /** Empty for all. */
  readonly flow: string;
  readonly tag: string;
}

interface IAsked {
  flows: readonly string[];
  /** Whether it is to be deployed, which is done with one flow, and with a tag perhaps. */
  deploys: boolean;
  trans: TranslationBundle;
}

/**
 * Ask for a flow of a notebook; null if it is not to be.
 */
export async function chooseFlow(
  title: string,
  accept: string,
  asked: IAsked
): Promise<IChoice | null> {
  const { button, value } = await showDialog({
    title,
    body: new FlowBody(asked),
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: accept })],
    focusNodeSelector: 'select'
  });
  return button.accept ? value : null;
}

class FlowBody extends ReactWidget implements Dialog.IBodyWidget<IChoice> {
  constructor(private readonly asked: IAsked) {
    super();
    this.addClass('jp-kitaru-dialog');
    const [first = ''] = asked.flows;
    this._choice = {
      flow: asked.deploys || asked.flows.length === 1 ? first : '',
      tag: ''
    };
  }

  getValue(): IChoice {
    return this._choice;
  }

  protected override render(): React.JSX.Element {
    const { trans, flows, deploys } = this.asked;
    const { flow, tag } = this._choice;
    const change = (choice: Partial<IChoice>): void => {
      this._choice = { ...this._choice, ...choice };
      this.update();
    };
    return (
      <div className="jp-kitaru-tag-fields">
        <label htmlFor="jp-kitaru-flow">{trans.__('Flow')}</label>
        <select
          id="jp-kitaru-flow"
          className="jp-mod-styled"
          value={flow}
          onChange={event => {
            change({ flow: event.target.value });
          }}
        >
          {!deploys && flows.length > 1 && (
            <option value="">{trans.__('All flows')}</option>
          )}
          {flows.map(name => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        {deploys && (
          <>
            <label htmlFor="jp-kitaru-tag">
              {trans.__('Tag (may be left out)')}
            </label>
            <input
              id="jp-kitaru-tag"
              className="jp-mod-styled"
              type="text"
              value={tag}
              placeholder={trans.__('canary')}
              pattern="\S*"
              autoComplete="off"
              spellCheck={false}
              onChange={event => {
                change({ tag: event.target.value.trim() });
              }}
            />
          </>
        )}
        <p className="jp-kitaru-dim">
          {deploys
            ? trans.__(
                'The notebook is saved. The next version of the flow is made of what is in it; a tag moves to it from other versions. No flow is run.'
              )
            : trans.__(
                'The notebook is saved, and a script of what the flow needs is written beside it. Nothing is run.'
              )}
        </p>
      </div>
    );
  }

  private _choice: IChoice;
}
