DROP TABLE attempt_choices;
