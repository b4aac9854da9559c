import * as React from 'react';

import { useEnvironment } from '../components/context';
import { Rows, useChanges } from '../sidebar/Executions';
import { ExecutionList } from '../sidebar/list';
import { NO_FILTERS } from '../sidebar/query';
import type { IVersionRef } from './routes';

/**
 * The executions of a version, the newest first.
 */
export function Runs(props: {
  target: IVersionRef;
  visible: boolean;
}): React.JSX.Element | null {
  const { flow, version, home } = props.target;
  const { trans, model, open } = useEnvironment();
  const [list, setList] = React.useState<ExecutionList | null>(null);
  React.useEffect(() => {
    if (!model) {
      return;
    }
    const made = new ExecutionList(model, trans);
    const filters = { ...NO_FILTERS, flow, version: String(version) };
    made.choose({ ...filters, home: home ?? '' }, '');
    setList(made);
    return () => {
      setList(null);
      made.dispose();
    };
  }, [model, trans, flow, version, home]);
  React.useEffect(() => {
    if (list) {
      list.visible = props.visible;
    }
  }, [list, props.visible]);
  return list && <List list={list} open={open} />;
}

function List(props: {
  list: ExecutionList;
  open: ReturnType<typeof useEnvironment>['open'];
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const { list } = props;
  useChanges(list);
  return (
    <section
      className="jp-kitaru-part jp-kitaru-runs"
      aria-label={trans.__('Runs')}
      data-kitaru-home={list.home ?? ''}
    >
      <h4>
        {list.count > 0 ? trans.__('Runs (%1)', list.total) : trans.__('Runs')}
      </h4>
      {list.problem && (
        <p className="jp-kitaru-problem" role="alert">
          {list.problem}
        </p>
      )}
      {list.loaded && list.count === 0 && !list.problem && (
        <p className="jp-kitaru-dim">
          {trans.__('This version was not invoked yet.')}
        </p>
      )}
      {list.count > 0 && (
        <Rows
          list={list}
          ofOneFlow
          open={ref => {
            props.open?.(ref);
          }}
        />
      )}
    </section>
  );
}
