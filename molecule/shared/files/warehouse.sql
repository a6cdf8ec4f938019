-- SPDX-License-Identifier: GPL-3.0-or-later
-- The schemas that Metamapper may see: sales, the tenants, and the one with the hostile name.
CREATE TABLE sales.orders (id bigint PRIMARY KEY, customer text NOT NULL, ordered_on date NOT NULL);
COMMENT ON COLUMN sales.orders.customer IS 'as on the invoice';
CREATE VIEW sales.recent_orders AS SELECT id, customer FROM sales.orders WHERE ordered_on > current_date - 30;
CREATE TABLE sales.events (at timestamptz NOT NULL, payload jsonb) PARTITION BY RANGE (at);
CREATE TABLE sales.events_2026 PARTITION OF sales.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
ALTER TABLE sales.orders OWNER TO sales_owner;
ALTER VIEW sales.recent_orders OWNER TO sales_owner;
ALTER TABLE sales.events OWNER TO sales_owner;
ALTER TABLE sales.events_2026 OWNER TO hr_owner;
CREATE TABLE "tenant-1".invoices (id integer, "100%" numeric);
CREATE TABLE "tenant-2".invoices (id integer, "100%" numeric);
ALTER TABLE "tenant-1".invoices OWNER TO tenant_owner;
ALTER TABLE "tenant-2".invoices OWNER TO tenant_owner;
CREATE SCHEMA "we""ird'näme;--" AUTHORIZATION sales_owner;
CREATE TABLE "we""ird'näme;--"."t'ä;--" ("c""ol" integer);
-- Not listed: Metamapper must neither see these schemas nor fail on them.
CREATE TABLE hr.salaries (person text, amount numeric);
ALTER TABLE hr.salaries OWNER TO hr_owner;
CREATE SCHEMA "we""ird.näme'; --" AUTHORIZATION hr_owner;
CREATE TABLE "we""ird.näme'; --"."we""ird.näme'; --" (id integer);
