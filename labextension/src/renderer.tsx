import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IExecutionRef } from './api';
import { MIME_TYPE, type ExecutionView } from './documents';
import type { IExecutionModel } from './tokens';

const InlineExecution = React.lazy(async () => ({
  default: (await import('./components/InlineExecution')).InlineExecution
}));

/**
 * Whether something is a document of the version that is known here.
 */
export function isExecutionView(data: unknown): data is ExecutionView {
  const view = data as Partial<ExecutionView> | null | undefined;
  return (
    view?.version === 1 &&
    typeof view.exec_id === 'string' &&
    Array.isArray(view.rows)
  );
}

/**
 * Draws an execution in a notebook's output.
 *
 * A newer document is drawn into the same elements, so that focus and typed text stay.
 */
export class ExecutionRenderer
  extends ReactWidget
  implements IRenderMime.IRenderer
{
  constructor(
    private readonly model: IExecutionModel | null,
    private readonly trans: TranslationBundle,
    private readonly open?: (ref: IExecutionRef) => void
  ) {
    super();
    this.addClass('jp-kitaru-inline');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const data: unknown = model.data[MIME_TYPE];
    this._snapshot = isExecutionView(data) ? data : null;
    const text = model.data['text/plain'];
    this._text = typeof text === 'string' ? text : '';
    this.update();
    await this.renderPromise;
  }

  protected override render(): React.JSX.Element {
    if (this._snapshot === null) {
      const unknown = this.trans.__(
        'This execution was written by another version of Kitaru.'
      );
      return <pre>{this._text || unknown}</pre>;
    }
    return (
      <React.Suspense fallback={null}>
        <InlineExecution
          key={this._snapshot.exec_id}
          snapshot={this._snapshot}
          model={this.model}
          trans={this.trans}
          open={this.open}
        />
      </React.Suspense>
    );
  }

  private _snapshot: ExecutionView | null = null;
  private _text = '';
}
