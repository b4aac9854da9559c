import jupyter from '@jupyter/eslint-plugin';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: ['lib/**', 'node_modules/**', '*.js', '*.mjs', 'src/documents.ts']
  },
  ...tseslint.configs.strictTypeChecked,
  jupyter.configs.recommended,
  {
    files: ['src/**/*.{ts,tsx}'],
    languageOptions: {
      parserOptions: { project: './tsconfig.test.json' }
    },
    rules: {
      // Lumino's signals take methods and call them with `this`.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true }
      ]
    }
  },
  {
    files: ['src/**/*.tsx'],
    ignores: ['**/__tests__/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'JSXText[value=/[A-Za-z]{2}/]',
          message: 'What is seen goes through `trans`.'
        },
        {
          selector:
            'JSXAttribute[name.name=/^(title|aria-label|alt|placeholder|label)$/] > Literal[value=/[A-Za-z]/]',
          message: 'What is seen or heard goes through `trans`.'
        }
      ]
    }
  },
  {
    files: ['**/__tests__/**'],
    rules: { 'jupyter/no-untranslated-string': 'off' }
  }
);
