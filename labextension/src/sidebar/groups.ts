import type { TranslationBundle } from '@jupyterlab/translation';

import { statusText } from '../components/format';
import type { ExecutionSummary, StatisticsView } from '../documents';
import type { IExecutionModel } from '../tokens';
import {
  days,
  fileName,
  NO_FILTERS,
  queryOf,
  type Grouping,
  type IFilters,
  type IPart
} from './query';

/** More groups than this are no help. */
const GROUPS = 100;
const FEW_GROUPS = 20;

/** What executions are counted by. */
export type Counted = 'flow' | 'status' | 'notebook';

/**
 * The parts into which a list is divided, the busiest first.
 */
export async function partsOf(
  model: IExecutionModel,
  trans: TranslationBundle,
  filters: IFilters,
  grouping: Exclude<Grouping, ''>
): Promise<IPart[]> {
  if (grouping === 'day') {
    return days(trans, Date.now() / 1000);
  }
  const groups = await counted(model, grouping, filters, filters.home || null);
  const chosen = filters[grouping];
  // Figures know neither texts nor notebooks; where those are chosen every group is counted by itself.
  const exact = !filters.text.trim() && !filters.notebook;
  return groups
    .slice(0, exact ? GROUPS : FEW_GROUPS)
    .filter(([name]) => !chosen || name === chosen)
    .map(([name, total]) => ({
      key: name,
      title: titleOf(name, grouping, trans),
      query: { [grouping]: name },
      ...(exact ? { total } : {})
    }));
}

function titleOf(name: string, by: Counted, trans: TranslationBundle): string {
  switch (by) {
    case 'status':
      return statusText(trans, name as ExecutionSummary['status']);
    case 'notebook':
      return fileName(name);
    default:
      return name;
  }
}

/**
 * How many executions there are of each flow, status or notebook, the most first.
 */
export async function counted(
  model: IExecutionModel,
  by: Counted,
  filters: Partial<IFilters>,
  home: string | null
): Promise<[string, number][]> {
  const { flow, status, since } = queryOf(
    { ...NO_FILTERS, ...filters },
    Date.now() / 1000
  );
  const answer = await model.api.get<StatisticsView>('statistics', {
    group_by: by,
    limit: GROUPS,
    flow,
    status,
    since,
    home
  });
  return answer.groups
    .map(group => [group.keys[by], group.count] as const)
    .filter((group): group is [string, number] => {
      const [name] = group;
      return typeof name === 'string' && name !== '';
    })
    .sort((one, other) => other[1] - one[1]);
}
