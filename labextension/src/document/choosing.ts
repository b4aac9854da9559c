import { InputDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IExecutionRef } from '../api';
import { moment, statusText } from '../components/format';
import type { ExecutionSummary } from '../documents';
import type { IExecutionModel } from '../tokens';

const MOST = 50;

/**
 * Ask for the execution to compare with: newer ones of the same flow, or any id.
 */
export async function chooseOther(
  model: IExecutionModel,
  ref: IExecutionRef,
  trans: TranslationBundle
): Promise<string | null> {
  const view = await model.api.execution(ref);
  const query = { flow: view.flow, limit: MOST };
  const { items } = await model.api.executions(query, ref.home);
  const others = items.filter(one => one.exec_id !== ref.execId);
  const labels = others.map(one => labelOf(one, trans));
  const first = others.findIndex(
    one =>
      one.exec_id === view.original_exec_id ||
      one.original_exec_id === ref.execId
  );
  const { button, value } = await InputDialog.getItem({
    title: trans.__('Compare %1 with', ref.execId),
    label: trans.__('Another execution of %1, or any id', view.flow),
    items: labels,
    current: Math.max(0, first),
    editable: true,
    okLabel: trans.__('Compare')
  });
  if (!button.accept || !value) {
    return null;
  }
  return others[labels.indexOf(value)]?.exec_id ?? value.trim();
}

function labelOf(one: ExecutionSummary, trans: TranslationBundle): string {
  const at = one.started_at ?? one.created_at;
  const when = at === null ? '' : moment(at);
  return `${one.exec_id} · ${statusText(trans, one.status)} · ${when}`;
}
