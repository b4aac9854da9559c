import { InputGroup, filterListIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useEnvironment } from '../components/context';
import { count, statusText } from '../components/format';
import type { HomeInfo } from '../documents';
import type { ExecutionList } from './list';
import {
  fileName,
  homeName,
  isFiltered,
  NO_FILTERS,
  STATUSES,
  type Grouping,
  type IFilters,
  type Since
} from './query';

/** Milliseconds after the last letter. */
const TYPING = 200;

/**
 * What to look for; more than the text is folded away until it is asked for.
 */
export function Filters({ list }: { list: ExecutionList }): React.JSX.Element {
  const { trans } = useEnvironment();
  const [text, setText] = React.useState(list.filters.text);
  const [open, setOpen] = React.useState(false);
  const change = (filters: Partial<IFilters>): void => {
    list.choose({ ...list.filters, ...filters }, list.grouping);
  };
  React.useEffect(() => {
    if (text === list.filters.text) {
      return;
    }
    const timer = window.setTimeout(() => {
      change({ text });
    }, TYPING);
    return () => {
      window.clearTimeout(timer);
    };
  }, [text]);
  const more =
    isFiltered({ ...list.filters, text: '' }) || list.grouping !== '';
  const clear = (): void => {
    setText('');
    list.choose(NO_FILTERS, list.grouping);
  };
  return (
    <div className="jp-kitaru-filters" data-lm-suppress-shortcuts="true">
      <div className="jp-kitaru-search">
        <InputGroup
          type="search"
          value={text}
          placeholder={trans.__('Search executions')}
          aria-label={trans.__('Search executions')}
          title={trans.__('In id, flow, notebook, failure, tags and metadata')}
          rightIcon="ui-components:search"
          onChange={event => {
            setText(event.target.value);
          }}
          onKeyDown={event => {
            if (event.key === 'Escape' && text !== '') {
              setText('');
              event.stopPropagation();
            }
          }}
        />
        <button
          className={`jp-kitaru-icon-button ${more ? 'jp-mod-toggled' : ''}`}
          aria-expanded={open}
          title={trans.__('Filter and group')}
          aria-label={trans.__('Filter and group')}
          onClick={() => {
            setOpen(!open);
          }}
        >
          <filterListIcon.react tag="span" width="16px" height="16px" />
        </button>
      </div>
      {open && <Choices list={list} change={change} />}
      {isFiltered(list.filters) && (
        <div className="jp-kitaru-found">
          <span role="status">
            {list.loaded
              ? trans._n(
                  '%1 execution',
                  '%1 executions',
                  list.total,
                  count(list.total)
                )
              : ''}
          </span>
          <button className="jp-kitaru-link" onClick={clear}>
            {trans.__('Clear filters')}
          </button>
        </div>
      )}
    </div>
  );
}

function Choices(props: {
  list: ExecutionList;
  change(filters: Partial<IFilters>): void;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const { list, change } = props;
  const { filters } = list;
  const [flows, notebooks] = useNames(list, filters.home);
  const homes = useHomes(list);
  const times: [Since, string][] = [
    ['', trans.__('Any time')],
    ['hour', trans.__('Last hour')],
    ['day', trans.__('Last 24 hours')],
    ['week', trans.__('Last 7 days')],
    ['month', trans.__('Last 30 days')]
  ];
  const groupings: [Grouping, string][] = [
    ['', trans.__('Nothing')],
    ['day', trans.__('Day')],
    ['flow', trans.__('Flow')],
    ['status', trans.__('Status')],
    ['notebook', trans.__('Notebook')]
  ];
  return (
    <div className="jp-kitaru-choices">
      {homes.length > 1 && (
        <Choice
          label={trans.__('Home')}
          value={filters.home || (homes[0]?.id ?? '')}
          options={homes.map(({ id, location }): [string, string] => [
            id,
            homeName(location)
          ])}
          onChange={home => {
            const isFirst = home === homes[0]?.id;
            change({ home: isFirst ? '' : home, flow: '', notebook: '' });
          }}
        />
      )}
      <Choice
        label={trans.__('Status')}
        value={filters.status}
        options={[
          ['', trans.__('Any')],
          ...STATUSES.map((status): [string, string] => [
            status,
            statusText(trans, status)
          ])
        ]}
        onChange={status => {
          change({ status });
        }}
      />
      <Choice
        label={trans.__('Flow')}
        value={filters.flow}
        options={[
          ['', trans.__('Any')],
          ...flows.map((name): [string, string] => [name, name])
        ]}
        onChange={flow => {
          change({ flow });
        }}
      />
      <Choice
        label={trans.__('Notebook')}
        value={filters.notebook}
        options={[
          ['', trans.__('Any')],
          ...notebooks.map((name): [string, string] => [name, fileName(name)])
        ]}
        onChange={notebook => {
          change({ notebook });
        }}
      />
      <Choice
        label={trans.__('Started')}
        value={filters.since}
        options={times}
        onChange={since => {
          change({ since: since as Since });
        }}
      />
      <Choice
        label={trans.__('Group by')}
        value={list.grouping}
        options={groupings}
        onChange={grouping => {
          list.choose(filters, grouping as Grouping);
        }}
      />
    </div>
  );
}

function Choice(props: {
  label: string;
  value: string;
  options: [string, string][];
  onChange(value: string): void;
}): React.JSX.Element {
  const id = React.useId();
  return (
    <div className="jp-kitaru-choice">
      <label htmlFor={id}>{props.label}</label>
      <select
        id={id}
        className="jp-mod-styled"
        value={props.value}
        onChange={event => {
          props.onChange(event.target.value);
        }}
      >
        {props.options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

/**
 * The flows and notebooks to choose from, asked for when the choices are shown.
 */
function useNames(list: ExecutionList, home: string): [string[], string[]] {
  const [names, setNames] = React.useState<[string[], string[]]>([[], []]);
  React.useEffect(() => {
    let current = true;
    Promise.all([list.names('flow'), list.names('notebook')]).then(
      found => {
        if (current) {
          setNames(found);
        }
      },
      () => {
        // The list itself says why the server cannot be asked.
      }
    );
    return () => {
      current = false;
    };
  }, [list, home]);
  return names;
}

/**
 * The homes to choose from.
 */
function useHomes(list: ExecutionList): HomeInfo[] {
  const [homes, setHomes] = React.useState<HomeInfo[]>([]);
  React.useEffect(() => {
    let current = true;
    list.homes().then(
      found => {
        if (current) {
          setHomes(found);
        }
      },
      () => {
        // As above.
      }
    );
    return () => {
      current = false;
    };
  }, [list]);
  return homes;
}
