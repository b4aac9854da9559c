import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { statusIcons } from '../icons';
import type { IExecutionModel } from '../tokens';
import { useWaits } from './Inbox';

/**
 * How many questions are open, in the status bar; pressed, it shows them.
 */
export class WaitsStatus extends ReactWidget {
  constructor(
    private readonly model: IExecutionModel,
    private readonly trans: TranslationBundle,
    private readonly showWaits: () => void
  ) {
    super();
    this.addClass('jp-kitaru-waits-status');
    this.addClass('jp-mod-highlighted');
  }

  protected override render(): React.JSX.Element {
    return (
      <Waiting model={this.model} trans={this.trans} show={this.showWaits} />
    );
  }
}

function Waiting(props: {
  model: IExecutionModel;
  trans: TranslationBundle;
  show(): void;
}): React.JSX.Element | null {
  const { trans } = props;
  const waiting = useWaits(props.model).length;
  if (waiting === 0) {
    return null;
  }
  const text = trans._n(
    '%1 question waits for an answer',
    '%1 questions wait for an answer',
    waiting,
    waiting
  );
  return (
    <button
      className="jp-kitaru-waits-button"
      title={text}
      aria-label={text}
      onClick={props.show}
    >
      <statusIcons.waiting.react tag="span" width="14px" height="14px" />
      <span>{waiting}</span>
    </button>
  );
}
