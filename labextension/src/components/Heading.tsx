import * as React from 'react';

/** The level of the headings of what is shown; that of an output or of a side bar stands below those around it. */
const Level = React.createContext(4);

/**
 * A heading of the level that fits where it stands.
 */
export function Heading(props: {
  id?: string;
  /** Whether it may have to be scrolled, also with the keyboard. */
  long?: boolean;
  children: React.ReactNode;
}): React.JSX.Element {
  const level = React.useContext(Level);
  return React.createElement(
    `h${level}`,
    {
      id: props.id,
      className: 'jp-kitaru-heading',
      tabIndex: props.long ? 0 : undefined
    },
    props.children
  );
}

/**
 * What begins at another level.
 */
export function Headings(props: {
  level: 2 | 3 | 4;
  children: React.ReactNode;
}): React.JSX.Element {
  return <Level.Provider value={props.level}>{props.children}</Level.Provider>;
}
