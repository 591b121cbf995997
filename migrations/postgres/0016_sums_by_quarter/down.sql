DROP TABLE usage_quarters;
