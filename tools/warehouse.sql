-- SPDX-License-Identifier: GPL-3.0-or-later
-- The sample warehouse of "make demo": several owners, and every kind of relation.
CREATE ROLE sales_owner;
CREATE ROLE hr_owner;
CREATE ROLE etl;

CREATE SCHEMA sales AUTHORIZATION sales_owner;
CREATE SCHEMA hr AUTHORIZATION hr_owner;
CREATE SCHEMA tenant_north AUTHORIZATION sales_owner;
CREATE SCHEMA tenant_south AUTHORIZATION sales_owner;
CREATE SCHEMA tenant_test_1 AUTHORIZATION sales_owner;
CREATE SCHEMA payroll AUTHORIZATION hr_owner;
GRANT USAGE, CREATE ON SCHEMA sales TO etl;

SET ROLE sales_owner;
CREATE TABLE sales.customers (id int PRIMARY KEY, name text NOT NULL, country text);
CREATE TABLE sales.orders (id int, customer_id int REFERENCES sales.customers, ordered_on date) PARTITION BY RANGE (ordered_on);
CREATE TABLE sales.orders_2025 PARTITION OF sales.orders FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE sales.orders_2026 PARTITION OF sales.orders FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE VIEW sales.customers_by_country AS SELECT country, count(*) AS customers FROM sales.customers GROUP BY country;
CREATE MATERIALIZED VIEW sales.order_counts AS SELECT ordered_on, count(*) AS orders FROM sales.orders GROUP BY ordered_on;
CREATE TABLE tenant_north.settings (key text PRIMARY KEY, value text);
CREATE TABLE tenant_south.settings (key text PRIMARY KEY, value text);
CREATE TABLE tenant_test_1.settings (key text PRIMARY KEY, value text);
RESET ROLE;

SET ROLE hr_owner;
CREATE TABLE hr.people (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE payroll.salaries (person_id int PRIMARY KEY, amount numeric);
RESET ROLE;

SET ROLE etl;
CREATE TABLE sales.staging (line text);
RESET ROLE;

CREATE EXTENSION postgres_fdw;
CREATE SERVER archive FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', dbname 'archive');
CREATE FOREIGN TABLE hr.former_people (id int, name text) SERVER archive;
