import type { TranslationBundle } from '@jupyterlab/translation';

import type { IExecutionsQuery, IPage } from '../api';
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
import { Section } from './section';

/** More groups than this are no help. */
const GROUPS = 100;
const FEW_GROUPS = 20;

/** What executions are counted by. */
export type Counted = 'flow' | 'status' | 'notebook';

/**
 * The parts of a list; those that were there before keep what they know, and stay folded.
 */
export async function sectionsOf(
  model: IExecutionModel,
  trans: TranslationBundle,
  filters: IFilters,
  grouping: Grouping,
  before: readonly Section[]
): Promise<Section[]> {
  const ask = (query: IExecutionsQuery): Promise<IPage<ExecutionSummary>> =>
    model.api.executions(query, filters.home || null);
  const base = queryOf(filters, Date.now() / 1000);
  if (grouping === '') {
    return [new Section('', null, base, null, true, ask)];
  }
  const known = new Map(before.map(one => [one.key, one]));
  const parts = await partsOf(model, trans, filters, grouping);
  const sections = await Promise.all(
    parts.map(async part => {
      const query = merged(base, part.query);
      const total = part.total ?? (await ask({ ...query, limit: 1 })).total;
      const key = `${grouping} ${filters.home} ${part.key}`;
      const old = known.get(key);
      if (old?.asks(query)) {
        old.total = total;
        return old;
      }
      return new Section(key, part.title, query, total, old?.open ?? true, ask);
    })
  );
  return sections.filter(({ total }) => total !== 0);
}

/**
 * Both queries at once.
 */
function merged(
  base: IExecutionsQuery,
  part: IExecutionsQuery
): IExecutionsQuery {
  const both = { ...base, ...part };
  if (base.since !== undefined && part.since !== undefined) {
    both.since = Math.max(Number(base.since), Number(part.since));
  }
  return both;
}

/**
 * The parts into which a list is divided, the busiest first.
 */
async function partsOf(
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
