-- How many rows an object, and those written with it, brought that MySQL did not have: their sum is exact, which
-- that of rows_in_object is not when a record comes in two objects. Null in rows of before.
ALTER TABLE `load_ledger` ADD COLUMN `rows_new` BIGINT NULL;
