import { nullTranslator } from '@jupyterlab/translation';

import { planText } from '../document/plan';
import type { Replayed } from '../documents';

const trans = nullTranslator.load('kitaru');

const plan = (...actions: string[]): Replayed => ({
  exec_id: null,
  original_exec_id: 'kr-1',
  flow: 'article',
  at: null,
  calls: actions.map((action, index) => ({
    name: `call_${index}`,
    checkpoint: 'call',
    action,
    why: ''
  })),
  questions: []
});

describe('the plan of a replay', () => {
  it('tells what is sure from what is not', () => {
    const text = planText(
      plan('reuse', 'run', 'run if its inputs change', 'override'),
      trans
    );
    expect(text).toBe(
      '1 call runs, 1 call runs if its inputs change, 1 is given, 1 is reused'
    );
  });

  it('leaves out what there is none of', () => {
    expect(planText(plan('run', 'run'), trans)).toBe('2 calls run');
  });

  it('says that nothing is recorded', () => {
    expect(planText(plan(), trans)).toBe('No call is recorded');
  });
});
